// The instruments of one Telemetry: the SDK's behind an OTLP endpoint, nothing otherwise.
// Hides the SDK. Invariant: an instrument lives as long as its Metrics; asking twice for a name gives the same one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "platform/telemetry/settings.h"
#include "platform/telemetry/shared.h"
#include "platform/telemetry/telemetry.h"

namespace ldt::telemetry {

class Metrics {
 public:
  virtual ~Metrics() = default;
  virtual Counter& counter(std::string_view name, std::string_view unit, std::string_view description) = 0;
  virtual Histogram& histogram(std::string_view name, std::string_view unit, std::string_view description) = 0;
  virtual void gauge(std::string_view name, std::string_view unit, std::string_view description,
                     std::function<std::int64_t()> read) = 0;
  /// Sends what there is a last time; returns by the StopSwitch's time.
  virtual void stop() = 0;
};

/// Instruments that do nothing.
[[nodiscard]] std::unique_ptr<Metrics> make_no_metrics();
/// Null where the endpoint is malformed; that has been said on stderr then.
[[nodiscard]] std::unique_ptr<Metrics> make_otlp_metrics(const Settings& settings, Shared& shared);
/// To the telemetry store, without the SDK: store_metrics.cpp.
[[nodiscard]] std::unique_ptr<Metrics> make_store_metrics(const std::shared_ptr<grpc::Channel>& store,
                                                          const Settings& settings, Shared& shared);

/// The upper bounds of a histogram's buckets.
[[nodiscard]] std::vector<double> buckets_for(std::string_view unit);

// The two that every Telemetry has.
inline constexpr std::string_view kDroppedName = "ldt.telemetry.dropped";
inline constexpr std::string_view kDroppedHelp = "Log records and spans that did not arrive";
inline constexpr std::string_view kLeftOutName = "ldt.telemetry.left_out";
inline constexpr std::string_view kLeftOutHelp = "Log records that the store does not get: nobody sampled their trace";
inline constexpr std::string_view kRecordUnit = "{record}";

}  // namespace ldt::telemetry
