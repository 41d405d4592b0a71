// OTLP over HTTP with protobuf: POST /v1/logs, /v1/traces and /v1/metrics; and GET /metrics for Prometheus.
// Depends on platform/http. Invariant: nothing but protobuf is taken, so that no web page can send anything here
// without the browser asking first.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "platform/http/router.h"
#include "platform/http/server.h"
#include "services/telemetry/storage.h"

namespace ldt::telemetry_store {

class HttpReceiver {
 public:
  explicit HttpReceiver(Storage& storage);

  /// @return the port, as http::Server::start()
  [[nodiscard]] Result<std::uint16_t> start(const std::string& address);
  void stop() { server_.stop(); }

 private:
  http::Router router_;
  http::Server server_;
};

}  // namespace ldt::telemetry_store
