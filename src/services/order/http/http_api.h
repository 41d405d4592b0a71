// The public HTTP API of the marketplace: a thin front over Orders and the participants' reads.
// Hides the HTTP and gRPC libraries. Invariant: after stop() returned, nothing of what it was given is used.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "platform/http/router.h"
#include "platform/http/server.h"
#include "platform/telemetry/telemetry.h"
#include "services/order/http/api_context.h"

namespace ldt::order {

class HttpApi {
 public:
  /// All references must outlive it, as must every callback that Orders and Auditor still owe.
  HttpApi(Orders& orders, Auditor& auditor, const Activity& activity, EventHub& events,
          const std::shared_ptr<grpc::Channel>& payment, const std::shared_ptr<grpc::Channel>& inventory,
          const std::shared_ptr<grpc::Channel>& delivery, Readiness readiness, HttpApiOptions options,
          telemetry::Telemetry& telemetry);
  ~HttpApi();
  HttpApi(const HttpApi&) = delete;
  HttpApi& operator=(const HttpApi&) = delete;

  /// Serves on HOST:PORT. @return the port; kInvalid where it is no address, kUnavailable where it cannot be listened
  /// on
  [[nodiscard]] Result<std::uint16_t> start(const std::string& address);
  /// Lets the requests under way finish, as long as that takes few seconds. Idempotent.
  void stop();

 private:
  void observe(const http::Request& request, int status, std::chrono::nanoseconds duration);

  SharedContext context_;
  http::Router router_;
  telemetry::Telemetry& telemetry_;
  telemetry::Histogram& durations_;
  http::Server server_;
};

}  // namespace ldt::order
