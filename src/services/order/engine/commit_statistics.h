// Counts the engine's commits for GET /v1/statistics.
// Depends on platform/process. Written by the engine's thread, read by any.
#pragma once

#include "platform/process/statistics.h"
#include "services/order/engine/observer.h"

namespace ldt::order {

class CommitStatistics final : public Observer {
 public:
  [[nodiscard]] process::CommitCounters::Counts counts() const { return commits_.counts(); }

  void committed(std::chrono::nanoseconds, std::size_t writes) override { commits_.committed(writes); }
  void accepted(const OrderRow&, bool) override {}
  void attempt_ended(const OrderRow&, const Attempt&, const SpanId&, std::string_view, std::string_view) override {}
  void ended(const OrderRow&) override {}
  void needs_attention(const OrderRow&, std::string_view) override {}
  void storage_failed(std::string_view) override {}

 private:
  process::CommitCounters commits_;
};

}  // namespace ldt::order
