// Sends the OTLP requests of one signal over HTTP, as protobuf or as JSON, one at a time, and waits for the answer.
// Hides Boost.Beast. Source: OTLP specification, "OTLP/HTTP".
// Invariant: nobody waits longer than the timeout, or than the StopSwitch lets them.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/support/status.h>

#include "platform/telemetry/stop_switch.h"

namespace google::protobuf {
class Message;
}

namespace ldt::telemetry {

struct HttpOptions {
  std::string url;  // with the signal's path
  std::vector<std::pair<std::string, std::string>> headers;
  bool json = false;  // else protobuf
  bool gzip = false;
  std::string ca_file;           // whom to trust; empty: whom the system trusts
  std::string certificate_file;  // our own, with its key; empty: none
  std::string key_file;
  std::chrono::milliseconds timeout{10'000};
};

/// How a call ended.
struct Answer {
  grpc::Status status;
  bool again = false;                 // the same request may be taken later, ...
  std::chrono::milliseconds after{};  // ... and the receiver asks not to be sent anything before
};

/// Keeps its connection for the next request.
class HttpConnection {
 public:
  HttpConnection(HttpOptions options, StopSwitch& stop);
  ~HttpConnection();

  /// Empty where requests can be sent; else why not: a malformed address, a certificate that cannot be read.
  [[nodiscard]] const std::string& unusable() const;

  /// @return OK for every 2xx
  Answer call(const google::protobuf::Message& request, google::protobuf::Message& response);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ldt::telemetry
