// What the benchmark asks for: orders of random users for random SKUs, some of which shall fail; the SKUs' stock and
// the users' credits before; and requests without work. Pure but for its random numbers, which are the same in each
// run. Invariant: what each order must come to is known before it is sent.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ldt/bench/load.h"

namespace ldt::bench {

enum class Hot { kNone, kSku, kUser };

struct WorkloadOptions {
  std::string host;  // for the header
  std::int64_t users = 0;
  std::int64_t skus = 0;
  Hot hot = Hot::kNone;
  double failing = 0;          // share of all orders, 0 to 1
  bool waits = true;           // for each order's end; else what is answered is that it was accepted
  std::string_view members{};  // more of each order's request
  std::uint64_t at_most = 0;   // so many orders, but for those that are refused; 0: no end
};

/// One way in which an order shall fail.
struct FailingOrder {
  std::string_view name;     // for people
  std::string_view members;  // of the request
  std::string_view outcome;  // it ends REVERTED with
};
/// The failing orders are equally many of each.
[[nodiscard]] std::span<const FailingOrder> failing_orders();

/// How the orders ended, and what else was answered.
struct OrderTally {
  std::map<std::string, std::uint64_t> outcomes;  // of the measured orders
  std::uint64_t expected = 0;                     // in all, also those before and after the measured time
  std::uint64_t unexpected = 0;
  std::uint64_t overloaded = 0;  // 503: nothing was done
  std::uint64_t lost = 0;
  std::string first_unexpected;  // what it said
};

class OrderWork final : public Work {
 public:
  explicit OrderWork(const WorkloadOptions& options);
  [[nodiscard]] std::string_view next(std::uint32_t& tag) override;
  void answered(std::uint32_t tag, int status, std::string_view body, bool measured) override;
  void lost() override { ++tally_.lost; }
  [[nodiscard]] OrderTally tally() const;
  /// Of all answers, whether expected or not.
  [[nodiscard]] std::uint64_t answers() const;

 private:
  struct Template {
    std::string request;
    std::size_t user_at = 0;  // where the digits begin
    std::size_t sku_at = 0;
    std::string_view outcome;
    std::uint64_t measured = 0;  // so many ended as they should, within the measured time
  };
  [[nodiscard]] Template make_template(std::string_view members, std::string_view outcome) const;
  void note(int status, std::string_view body, bool measured);

  const WorkloadOptions options_;
  std::uint64_t begun_ = 0;
  std::mt19937_64 random_{0x1D7};    // a run is like the next
  std::uint64_t failing_below_;      // of 2^32
  std::vector<Template> templates_;  // the first one is to complete
  OrderTally tally_;
};

/// Sends each of some requests once and counts the answers that are not 2xx.
class ListedWork final : public Work {
 public:
  explicit ListedWork(std::vector<std::string> requests) : requests_(std::move(requests)) {}
  [[nodiscard]] std::string_view next(std::uint32_t& tag) override;
  void answered(std::uint32_t tag, int status, std::string_view body, bool measured) override;
  void lost() override { complaint_ = "a connection was lost"; }
  /// What went wrong; empty: nothing, all were sent and answered well.
  [[nodiscard]] std::string complaint() const;

 private:
  const std::vector<std::string> requests_;
  std::size_t sent_ = 0;
  std::string complaint_;
};

/// The same cheap request again and again.
class NoWork final : public Work {
 public:
  explicit NoWork(const std::string& host);
  [[nodiscard]] std::string_view next(std::uint32_t& tag) override;
  void answered(std::uint32_t tag, int status, std::string_view body, bool measured) override;
  void lost() override { ++failures_; }
  [[nodiscard]] std::uint64_t failures() const { return failures_; }

 private:
  const std::string request_;
  std::uint64_t failures_ = 0;
};

/// The requests that make the SKUs and stock them, and grant credits where users could run dry.
/// @param orders  at most so many will be placed
[[nodiscard]] std::vector<std::string> sku_requests(const WorkloadOptions& options, const std::string& token);
[[nodiscard]] std::vector<std::string> supply_requests(const WorkloadOptions& options, const std::string& token,
                                                       std::int64_t orders);

}  // namespace ldt::bench
