// One participant's commands on their way over gRPC: in batches over one stream, one batch under way at a time; while
// it is away the next one gathers. A command with failure instructions travels alone, as a unary call with a real
// deadline. Depends on participant_calls.h. Invariant: a lost connection loses no command: it is sent again until its
// attempt's time is up.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <grpcpp/alarm.h>

#include "services/order/peers/participant_calls.h"

namespace ldt::order {

/// Takes replies, from any thread.
using ReplySink = std::function<void(std::vector<Reply>)>;

class ParticipantLink {
 public:
  ParticipantLink(saga::Participant participant, const std::shared_ptr<grpc::Channel>& channel, ReplySink sink);
  ~ParticipantLink();  // after stop()

  /// Opens the stream, and again whenever it breaks.
  void start();
  void send(std::vector<Command> commands);
  [[nodiscard]] Health health(std::chrono::milliseconds window) const;
  /// Cancels everything and waits for it. Nothing is delivered afterwards.
  void stop();

 private:
  using Time = std::chrono::steady_clock::time_point;
  using Lock = std::unique_lock<std::mutex>;
  struct Pending {
    Command command;
    Time since;  // when it was handed over
  };
  class Stream;
  struct Call;

  void open_stream();
  void send_batch(const Lock&);
  void stream_alive();
  void stream_wrote();
  void stream_answered(const participant::v1::BatchReply& reply);
  void stream_broke();
  void stream_ended();

  void call(Pending pending);
  void start_call(const std::shared_ptr<Call>& call);
  void call_ended(const std::shared_ptr<Call>& call, CallResult result);
  void poll_crash_gate(Lock lock);
  [[nodiscard]] bool crash_gate_open(const Lock&) const;
  [[nodiscard]] bool restarting(const Lock&) const;
  [[nodiscard]] Health health(const Lock&, std::chrono::milliseconds window) const;

  /// Runs `then` after `delay`, unless stopped before.
  void later(const Lock&, std::chrono::milliseconds delay, std::function<void()> then);
  void one_ended(const Lock&);

  const std::unique_ptr<ParticipantCalls> calls_;
  const ReplySink sink_;

  mutable std::mutex
      mutex_;  // never held while gRPC is asked to start or cancel a call: it may answer on this very thread
  std::condition_variable idle_;
  std::vector<Pending> outbox_;  // waits for the batch that is away
  std::vector<Pending> away_;    // the batch under way
  bool writing_ = false;         // its message is still being written
  std::uint64_t batch_number_ = 0;
  std::shared_ptr<Stream> stream_;  // while it can be written to
  std::deque<Pending> crashing_;    // may end the process over there: one at a time, with a pause after each restart
  bool crash_away_ = false;
  bool gate_polled_ = false;
  std::unordered_set<std::shared_ptr<Call>> calls_away_;
  std::unordered_map<std::uint64_t, std::unique_ptr<grpc::Alarm>> alarms_;
  std::uint64_t next_alarm_ = 0;
  bool broken_ = true;  // no sign of life since the last break
  Time last_break_{};
  Time last_recovery_{};
  bool stopping_ = false;
  int under_way_ = 0;  // streams, calls and alarms that have not ended
};

/// The three links as the engine's transport.
class GrpcTransport final : public Transport {
 public:
  using Channels = std::array<std::shared_ptr<grpc::Channel>, saga::kPlan.size()>;  // by saga::Participant
  GrpcTransport(const Channels& channels, const ReplySink& sink);

  void start();
  void stop();
  void send(saga::Participant to, std::vector<Command> commands) override;
  [[nodiscard]] Health health(saga::Participant to, std::chrono::milliseconds window) const override;

 private:
  std::vector<std::unique_ptr<ParticipantLink>> links_;
};

}  // namespace ldt::order
