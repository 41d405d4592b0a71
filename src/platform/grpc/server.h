// A gRPC server: services on one address, with health checks and reflection.
// Hides the server's set-up; depends on grpc++.
// Invariant: health says SERVING only between set_ready() and drain().
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace grpc {
class Server;
class Service;
}  // namespace grpc

namespace ldt::rpc {

/// A message may be so large, in both directions.
inline constexpr int kMaxMessageBytes = 16 << 20;

/// A service and the full name that health checks know it by ("ldt.payment.v1.PaymentService").
struct NamedService {
  grpc::Service* service = nullptr;
  std::string name;
};

class Server {
 public:
  /// Listens at once; health says NOT_SERVING until set_ready().
  /// @param address  "unix:PATH" (its folder is made; only the owner can open it) or "HOST:PORT"
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(const std::string& address,
                                                             const std::vector<NamedService>& services);
  ~Server();

  void set_ready();
  /// Health says NOT_SERVING, new calls are refused, and calls that have not ended after `grace` are cancelled.
  /// Returns when all calls have ended.
  void drain(std::chrono::milliseconds grace);

 private:
  explicit Server(std::unique_ptr<grpc::Server> server);
  void set_serving(bool serving);
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::string> names_;
};

}  // namespace ldt::rpc
