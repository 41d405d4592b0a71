// The last value of every metric of every sender that is alive, beside the file.
// Depends on prometheus_text.h. Thread-safe. Invariant: bounded; a sender that has fallen silent is forgotten, so that
// a process that died does not go on having orders in flight.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "base/clock.h"
#include "services/telemetry/records.h"

namespace ldt::telemetry_store {

class Series {
 public:
  /// Remembers the batch's points, and takes out of it those that need no place in the file: a metric is written at
  /// most once a minute, and only if it has changed.
  void take(Batch& batch, SteadyTime now);
  /// All of them in Prometheus' text format.
  [[nodiscard]] std::string exposition(SteadyTime now) const;

 private:
  struct One {
    PointRecord point;
    std::string written;  // its value, the last time that it was for the file
    SteadyTime written_at{};
  };
  struct Sender {
    Resource resource;
    SteadyTime heard{};
    std::chrono::milliseconds pause{};                       // between the last two times; 0: heard once
    std::map<std::pair<std::string, std::string>, One> all;  // by name and attributes
  };

  Sender* sender_of(const Resource& resource, SteadyTime now);
  /// True where the file should have it.
  bool remember(Sender& sender, const PointRecord& point, SteadyTime now);
  void forget_silent(SteadyTime now);
  [[nodiscard]] static bool is_silent(const Sender& sender, SteadyTime now);

  mutable std::mutex mutex_;
  std::map<std::string, Sender> senders_;  // by their resource's attributes
  std::size_t count_ = 0;                  // of all senders' series
};

}  // namespace ldt::telemetry_store
