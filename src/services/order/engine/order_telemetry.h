// The engine's work as logs, spans and metrics; names and attributes are those of docs/telemetry.md.
// Depends on platform/telemetry. Invariant: one trace per order, one log record per attempt at a step.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "platform/telemetry/telemetry.h"
#include "services/order/engine/observer.h"

namespace ldt::order {

class OrderTelemetry final : public Observer {
 public:
  explicit OrderTelemetry(telemetry::Telemetry& telemetry);

  void accepted(const OrderRow& row, bool recovered) override;
  void attempt_ended(const OrderRow& row, const Attempt& attempt, const SpanId& span, std::string_view struck,
                     std::string_view error) override;
  void promoted(const OrderRow& row, std::uint64_t span_salt) override;
  void ended(const OrderRow& row) override;
  void needs_attention(const OrderRow& row, std::string_view what) override;
  void committed(std::chrono::nanoseconds duration, std::size_t writes) override;
  void storage_failed(std::string_view error) override;
  void rests(const InFlight& in_flight) override;

 private:
  void recovered_span_of(const OrderRow& row);
  void span_of(const OrderRow& row, const Attempt& attempt, const SpanId& span, std::string_view struck,
               std::string_view error);

  telemetry::Telemetry& telemetry_;
  telemetry::Counter& orders_;
  telemetry::Counter& undos_;
  telemetry::Histogram& step_duration_;
  telemetry::Histogram& saga_duration_;
  telemetry::Histogram& commit_duration_;
  telemetry::Histogram& batch_size_;
  struct Gauges {
    std::atomic<std::int64_t> in_flight{0};
    std::atomic<std::int64_t> held{0};
    std::atomic<std::int64_t> stuck{0};
    std::atomic<std::int64_t> oldest_us{0};
  };
  const std::shared_ptr<Gauges> gauges_ = std::make_shared<Gauges>();  // they are read after this is gone, too
};

}  // namespace ldt::order
