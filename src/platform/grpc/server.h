// A gRPC server: services on one address, with health checks and reflection.
// Hides the server's set-up; depends on grpc++.
// Invariant: health says SERVING only between set_ready() and drain().
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "platform/grpc/security.h"

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
  /// @param health   HOST:PORT where health alone is told, in plain text, to probes that have no certificate; empty:
  /// no.
  ///                 Beside the services it knows one named "live", which is well as long as it is answered for at all
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(const std::string& address,
                                                             const std::vector<NamedService>& services,
                                                             const Security& security = {},
                                                             const std::string& health = {});
  ~Server();

  void set_ready();
  /// Health says NOT_SERVING, new calls are refused, and calls that have not ended after `grace` are cancelled.
  /// Returns when all calls have ended.
  void drain(std::chrono::milliseconds grace);

 private:
  explicit Server(std::unique_ptr<grpc::Server> server);
  void set_serving(bool serving);
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<grpc::Server> health_server_;  // may be null
  std::vector<std::string> names_;
};

}  // namespace ldt::rpc
