// The frame of the hostile scenarios: while they send what no client would send, a bystander places normal orders; in
// the end no service has died or grown, no descriptor is left open, nothing took effect but what the bystander ordered.
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/raw_socket.h"
#include "support/scenario.h"
#include "support/vitals.h"

namespace ldt::testing {

/// Places one order after the other until it is stopped; each has to complete, and tells how long it took.
class Bystander {
 public:
  Bystander(Client client, std::string user, std::string sku)
      : client_(std::move(client)),
        request_{.user = std::move(user), .sku = std::move(sku), .handling = {.step_timeout_ms = 5'000}},
        thread_([this] { run(); }) {}
  ~Bystander() { stop(); }

  /// The times of all orders, shortest first; what went wrong fails the test.
  std::vector<std::chrono::milliseconds> stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    EXPECT_EQ(surprises_, std::vector<std::string>{});
    std::sort(times_.begin(), times_.end());
    return times_;
  }

 private:
  void run() {
    do {  // one at least, however short the test is
      const auto began = std::chrono::steady_clock::now();
      const auto answer = client_.place(request_);
      times_.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began));
      if (answer.status != 201 || text_of(answer.body, "state") != "COMPLETED") {
        surprises_.push_back(std::to_string(answer.status) + " " + answer.text);
      }
      std::this_thread::sleep_for(kPause);
    } while (!stopping_);
  }

  static constexpr std::chrono::milliseconds kPause{5};
  Client client_;
  OrderRequest request_;
  std::atomic<bool> stopping_{false};
  std::vector<std::chrono::milliseconds> times_;
  std::vector<std::string> surprises_;
  std::thread thread_;
};

class Hostile : public Scenario {
 protected:
  static constexpr long kMostGrowthKib = 48 * 1024;
  static constexpr long kMostPeakKib = 96 * 1024;     // far below the bytes that are sent
  static constexpr std::size_t kMostDescriptors = 8;  // a service may open a file of its own for the first time
  static constexpr std::chrono::milliseconds kMostMedian{250};
  static constexpr int kMostSlower = 6;  // than without them, where the machine is busy with something else
  static constexpr int kCalmOrders = 9;
  static constexpr std::size_t kFewest = 5;  // that have a median which says something
  static constexpr std::chrono::milliseconds kMostWait{5'000};

  void SetUp() override {
    user_ = new_user_with(1'000'000);
    victim_ = new_user();
    sku_ = new_sku(1, 1'000'000);
    for (int i = 0; i < kCalmOrders; ++i) calm_.push_back(time_of_an_order());
    std::sort(calm_.begin(), calm_.end());
    measure();
    bystander_.emplace(market.client(), user_, sku_);
  }

  void TearDown() override {
    expect_normal_service(bystander_->stop());
    bystander_.reset();
    EXPECT_TRUE(orders_of(victim_).empty()) << "hostile bytes placed an order";
    for (const auto& [pid, then] : before_) expect_no_growth(then.first, pid, then.second);
    EXPECT_EQ(client.place(OrderRequest{.user = user_, .sku = sku_}).status, 201);
    Scenario::TearDown();
  }

  /// What the services hold from now on is what they must not grow beyond.
  void measure() {
    for (const auto& service : kServices) {
      for (const auto pid : market.processes_of(service)) {
        forget_peak(pid);
        before_[pid] = {service, vitals_of(pid)};
      }
    }
  }

  /// A good order for a user who never orders anything: whoever reads it out of hostile bytes is caught.
  [[nodiscard]] std::string tempting_body() const {
    return Json{{"user", victim_}, {"sku", sku_}, {"quantity", 1}}.dump();
  }
  [[nodiscard]] std::string user() const { return user_; }
  [[nodiscard]] std::string sku() const { return sku_; }

 private:
  std::chrono::milliseconds time_of_an_order() {
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(client.place(OrderRequest{.user = user_, .sku = sku_}).status, 201);
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  }

  void expect_normal_service(const std::vector<std::chrono::milliseconds>& times) const {
    ASSERT_FALSE(times.empty()) << "no order was served meanwhile";
    const auto calm = calm_[calm_.size() / 2];
    if (times.size() >= kFewest) {
      EXPECT_LT(times[times.size() / 2], std::max(kMostMedian, kMostSlower * calm))
          << "the median of " << times.size() << " orders; before, it was " << calm.count() << " ms";
    }
    EXPECT_LT(times.back(), kMostWait) << "the longest of " << times.size() << " orders";
    std::printf("meanwhile: %zu orders, median %lld ms, longest %lld ms\n", times.size(),
                static_cast<long long>(times[times.size() / 2].count()), static_cast<long long>(times.back().count()));
  }

  void expect_no_growth(const std::string& service, pid_t pid, const Vitals& then) {
    EXPECT_TRUE(is_running(pid)) << service << " died";
    const auto few = [&] { return vitals_of(pid).descriptors <= then.descriptors + kMostDescriptors; };
    EXPECT_TRUE(eventually(few)) << service << " had " << then.descriptors << " open, has "
                                 << vitals_of(pid).descriptors;
    const auto now = vitals_of(pid);
    std::printf("%-9s resident %ld -> %ld KiB (peak %ld), descriptors %zu -> %zu\n", service.c_str(), then.resident_kib,
                now.resident_kib, now.peak_kib, then.descriptors, now.descriptors);
    if (is_sanitized(pid)) return;
    EXPECT_LT(now.resident_kib - then.resident_kib, kMostGrowthKib) << service;
    EXPECT_LT(now.peak_kib - then.resident_kib, kMostPeakKib) << service;
  }

  std::string user_;
  std::string victim_;
  std::string sku_;
  std::map<pid_t, std::pair<std::string, Vitals>> before_;  // by process: its service, and what it held
  std::vector<std::chrono::milliseconds> calm_;             // of orders before, shortest first
  std::optional<Bystander> bystander_;
};

}  // namespace ldt::testing
