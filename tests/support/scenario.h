// The frame of every scenario: users and SKUs of its own in a marketplace that others use too, and at the end, whatever
// the scenario did, its books are checked: balances, ledger entries, stock, wallets, and the audit over all services.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "support/eventually.h"
#include "support/marketplace.h"
#include "support/oracle.h"

namespace ldt::testing {

inline constexpr std::int64_t kInitialCredits = 500;

class Scenario : public ::testing::Test {
 protected:
  Scenario() : Scenario(shared_marketplace()) {}
  explicit Scenario(Marketplace& market);
  void TearDown() override { check_books(); }

  /// A user whom nobody has seen, with `kInitialCredits`; named after the test.
  std::string new_user();
  /// A user with exactly so many credits, from `kInitialCredits` up.
  std::string new_user_with(std::int64_t credits);
  std::string new_sku(std::int64_t price, std::int64_t stock);
  void grant(const std::string& user, std::int64_t credits);
  void restock(const std::string& sku, std::int64_t quantity);
  /// For what the scenario put in by calls of its own.
  void count_grant(const std::string& user, std::int64_t credits) { granted_[user] += credits; }
  void count_restock(const std::string& sku, std::int64_t quantity) { put_in_[sku] += quantity; }
  /// For users that the scenario names itself.
  void watch_user(const std::string& user) { granted_.try_emplace(user, 0); }

  /// The orders of one user, oldest first.
  std::vector<Json> orders_of(const std::string& user);
  /// Fails the test unless the order ended (or is held) as foretold.
  void expect_end(const Json& order, const End& end, const std::string& what);
  /// Places an order that exists alone, and fails the test unless it ends as the oracle says. Returns the order, or
  /// null.
  Json place_and_compare(Client& with, const OrderRequest& request, const Situation& situation);

  Marketplace& market;
  Client client;

 private:
  void check_books();
  void await_price(const std::string& sku, std::int64_t price);
  void check_user(const std::string& user, std::int64_t granted, const std::vector<Json>& orders);
  void check_ledger(const std::string& user, const std::vector<Json>& orders);
  void check_wallet(const std::string& user, const std::vector<Json>& orders);

  std::string name_;
  int users_ = 0;
  int skus_ = 0;
  std::map<std::string, std::int64_t> granted_;  // by user, beyond the initial credits
  std::map<std::string, std::int64_t> put_in_;   // by SKU
};

/// Fails the test unless the answer is problem+json with this status. Returns its body.
Json expect_problem(const Answer& answer, int status);

/// Runs `work(i)` for 0..count-1 on `threads` threads; an exception fails the test.
void in_parallel(int count, int threads, const std::function<void(int)>& work);

}  // namespace ldt::testing
