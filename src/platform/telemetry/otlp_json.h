// OTLP messages as OTLP's own JSON, which is protobuf's but for the ids of traces and spans: these are hexadecimal.
// Pure. Source: OTLP specification, "JSON Protobuf Encoding".
#pragma once

#include <string>

namespace google::protobuf {
class Message;
}

namespace ldt::telemetry {

[[nodiscard]] std::string to_otlp_json(const google::protobuf::Message& message);
/// What it does not know, it leaves out. False where it is not JSON of that message.
[[nodiscard]] bool from_otlp_json(const std::string& text, google::protobuf::Message& message);

}  // namespace ldt::telemetry
