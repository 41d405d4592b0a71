// Tells several observers, one after the other.
// Depends on observer.h. Invariant: each hears of everything, in the same order.
#pragma once

#include <utility>
#include <vector>

#include "services/order/engine/observer.h"

namespace ldt::order {

class Observers final : public Observer {
 public:
  /// All of them must outlive it.
  explicit Observers(std::vector<Observer*> observers) : observers_(std::move(observers)) {}

  void accepted(const OrderRow& row, bool recovered) override {
    for (Observer* observer : observers_) observer->accepted(row, recovered);
  }
  void attempt_ended(const OrderRow& row, const Attempt& attempt, const SpanId& span, std::string_view struck,
                     std::string_view error) override {
    for (Observer* observer : observers_) observer->attempt_ended(row, attempt, span, struck, error);
  }
  void promoted(const OrderRow& row, std::uint64_t span_salt) override {
    for (Observer* observer : observers_) observer->promoted(row, span_salt);
  }
  void reverting(const OrderRow& row) override {
    for (Observer* observer : observers_) observer->reverting(row);
  }
  void ended(const OrderRow& row) override {
    for (Observer* observer : observers_) observer->ended(row);
  }
  void needs_attention(const OrderRow& row, std::string_view what) override {
    for (Observer* observer : observers_) observer->needs_attention(row, what);
  }
  void let_go(const OrderRow& row) override {
    for (Observer* observer : observers_) observer->let_go(row);
  }
  void others(std::int64_t oldest_open) override {
    for (Observer* observer : observers_) observer->others(oldest_open);
  }
  void committed(std::chrono::nanoseconds duration, std::size_t writes) override {
    for (Observer* observer : observers_) observer->committed(duration, writes);
  }
  void storage_failed(std::string_view error) override {
    for (Observer* observer : observers_) observer->storage_failed(error);
  }
  void rests(const InFlight& in_flight) override {
    for (Observer* observer : observers_) observer->rests(in_flight);
  }

 private:
  std::vector<Observer*> observers_;
};

}  // namespace ldt::order
