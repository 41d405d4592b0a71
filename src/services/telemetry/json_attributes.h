// OTLP's attribute values as JSON.
// Depends on the generated code of the OTLP protos. Invariant: what comes out is valid JSON, whatever came in.
#pragma once

#include <string>
#include <string_view>

#include <google/protobuf/repeated_ptr_field.h>

#include "opentelemetry/proto/common/v1/common.pb.h"
#include "services/telemetry/records.h"

namespace ldt::telemetry_store {

using KeyValues = google::protobuf::RepeatedPtrField<opentelemetry::proto::common::v1::KeyValue>;

/// One object; of a repeated key the last value counts. Members named `left_out` are not in it.
[[nodiscard]] std::string to_json(const KeyValues& attributes, std::string_view left_out = {});
/// A string as it is, anything else as JSON.
[[nodiscard]] std::string to_text(const opentelemetry::proto::common::v1::AnyValue& value);
/// The last value of each key, as to_text().
[[nodiscard]] Labels to_labels(const KeyValues& attributes);
/// The string attribute of that name; empty where there is none.
[[nodiscard]] std::string_view string_in(const KeyValues& attributes, std::string_view key);
/// The integer attribute of that name; 0 where there is none or it is negative.
[[nodiscard]] std::uint64_t count_in(const KeyValues& attributes, std::string_view key);

[[nodiscard]] std::string to_hex(std::string_view bytes);
/// A number that JSON cannot hold becomes a string.
void append_number(std::string& out, double value);

}  // namespace ldt::telemetry_store
