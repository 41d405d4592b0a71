// Asks a participant's gRPC health service every second whether it serves.
// Depends on grpc++. Invariant: a participant that is there but does not answer is not ready.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

#include <grpcpp/alarm.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

namespace ldt::order {

class PeerHealth {
 public:
  explicit PeerHealth(const std::shared_ptr<grpc::Channel>& channel);
  ~PeerHealth();  // stops

  void start();
  void stop();
  /// What the last check said.
  [[nodiscard]] bool serving() const { return serving_.load(std::memory_order_relaxed); }

 private:
  void check();
  void checked(const grpc::Status& status);

  std::shared_ptr<grpc::Channel> channel_;
  grpc::GenericStub stub_;
  std::atomic<bool> serving_{false};
  std::mutex mutex_;
  std::condition_variable idle_;
  std::unique_ptr<grpc::ClientContext> context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  std::unique_ptr<grpc::Alarm> alarm_;
  bool stopping_ = false;
  bool running_ = false;
};

}  // namespace ldt::order
