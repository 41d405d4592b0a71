#include "services/order/http/http_api.h"

#include <utility>

namespace ldt::order {

HttpApi::HttpApi(Orders& orders, Auditor& auditor, const Activity& activity, EventHub& events,
                 const std::shared_ptr<grpc::Channel>& payment, const std::shared_ptr<grpc::Channel>& inventory,
                 const std::shared_ptr<grpc::Channel>& delivery, Readiness readiness, HttpApiOptions options,
                 telemetry::Telemetry& telemetry)
    : context_(new ApiContext{
          orders, auditor, activity, events, {payment, inventory, delivery}, std::move(readiness), std::move(options)}),
      telemetry_(telemetry),
      durations_(telemetry.histogram("http.server.request.duration", "s", "Duration of HTTP requests")) {
  add_order_routes(router_, context_);
  add_account_routes(router_, context_);
  add_inventory_routes(router_, context_);
  add_operator_routes(router_, context_);
  add_activity_routes(router_, context_);
  add_event_routes(router_, context_);
  add_statistics_routes(router_, context_);
  add_telemetry_routes(router_, context_);
  add_page_routes(router_, context_);
}

HttpApi::~HttpApi() { stop(); }

Result<std::uint16_t> HttpApi::start(const std::string& address) {
  return server_.start(
      address,
      [this](http::Request& request, const http::Responder& responder) { router_.dispatch(request, responder); },
      [this](const http::Request& request, int status, std::chrono::nanoseconds duration) {
        observe(request, status, duration);
      });
}

void HttpApi::stop() {
  server_.stop();
  context_->participants.stop();
  context_->telemetry.stop();
}

void HttpApi::observe(const http::Request& request, int status, std::chrono::nanoseconds duration) {
  const std::string_view route = request.route.empty() ? "none" : request.route;
  durations_.record(std::chrono::duration<double>(duration).count(),
                    {{"http.request.method", to_string(request.method)},
                     {"http.route", route},
                     {"http.response.status_code", std::int64_t{status}}});
  if (status != 500) return;
  telemetry_.log(telemetry::Severity::kError, "a request was answered with 500", nullptr,
                 {{"http.request.method", to_string(request.method)}, {"http.route", route}});
}

}  // namespace ldt::order
