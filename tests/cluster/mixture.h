// Clients that place random mixtures of failure instructions (every step, kind and effect, CRASH too), handlings, users
// short of credits and SKUs short of stock, while others damage the cluster; and what came of each order, held against
// the oracle.
// Depends on the public API. Invariant: an order that nobody disturbed ends exactly as foretold; one that was under way
// during a fault ends as foretold for it or for what is left of its instructions, or by TIMEOUT or UNKNOWN.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "chaos/verify.h"
#include "support/dice.h"
#include "support/marketplace.h"
#include "support/oracle.h"

namespace ldt::testing {

class Mixture {
 public:
  Mixture(Marketplace& market, std::uint64_t seed, int clients);
  ~Mixture();
  Mixture(const Mixture&) = delete;
  Mixture& operator=(const Mixture&) = delete;

  /// @param disturbed  what is under way from now on until pause() may meet a fault
  void go_on(bool disturbed);
  /// Returns once every order that was begun has come to its end. Empty, or what did not.
  std::string pause();
  /// How many orders were placed, and how they ended, for people.
  [[nodiscard]] std::string summary() const;
  /// Holds all of it against the oracle and the books.
  [[nodiscard]] std::vector<Check> verify();

 private:
  struct Drawn {
    OrderRequest request;
    Situation situation;
    bool disturbed = false;
    std::string id;  // empty: there is no order
    Json order;      // at its end
  };

  void work(std::uint64_t seed, int number);
  [[nodiscard]] Drawn draw(Dice& dice, const std::string& user) const;
  static void add_failures(Dice& dice, OrderRequest& request);
  void carry_out(Client& client, Drawn& drawn);
  /// The order's id; empty where there is none, as foretold.
  static std::string place(Client& client, const Drawn& drawn);
  static Json await_end(Client& client, const std::string& id);
  [[nodiscard]] static std::string judge(const Drawn& drawn);
  [[nodiscard]] static std::string check_user(Client& client, const Drawn& drawn);
  [[nodiscard]] std::string check_stock(Client& client) const;

  Marketplace& market_;
  mutable std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  bool running_ = false, disturbed_ = false, stopping_ = false;
  int at_work_ = 0;
  std::vector<Drawn> done_;
  std::vector<std::string> troubles_;
  std::vector<std::jthread> clients_;
};

}  // namespace ldt::testing
