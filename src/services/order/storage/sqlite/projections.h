// What is kept beside the orders so that neither a user's list nor a start looks at all of them: who ordered last, and
// marks up to which that is saved and every order has ended.
// Depends on platform/sqlite. The writer's thread, but for last_order(). Invariant: saved a slice with each
// transaction, in the users' order, so that no transaction is long and a page is written once for many rows; what is
// newer than a mark is found in `orders` itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "platform/sqlite/database.h"

namespace ldt::order {

class Projections {
 public:
  /// A user's newest order.
  struct Last {
    std::int64_t seq = 0;
    bool saved = true;
  };
  using User = std::unordered_map<std::string, Last>::value_type;

  /// @param save_every  orders between two savings: a start reads at most about twice as many rows besides
  explicit Projections(std::int64_t save_every) : save_every_(save_every) {}

  [[nodiscard]] Result<void> load(sqlite::Database& database);

  /// The newest order of a user that is committed, 0: none. Thread-safe.
  [[nodiscard]] std::int64_t last_order(const std::string& user) const;

  [[nodiscard]] User& user(const std::string& name);
  /// In the open transaction: an order of this user was inserted; an order has ended.
  void inserted(User& user, std::int64_t seq);
  void ended(std::int64_t seq) { ended_.push_back(seq); }

  /// The last that a transaction writes.
  [[nodiscard]] Result<void> save_slice();
  /// What became of the transaction.
  void committed();
  void rolled_back();

 private:
  void begin_saving();
  void forget_overtaken();
  void restore_overtaken();
  [[nodiscard]] Result<void> load_users(sqlite::Database& database);
  [[nodiscard]] Result<void> load_unended(sqlite::Database& database);

  const std::int64_t save_every_;
  sqlite::Statement save_user_, save_mark_;
  mutable std::mutex mutex_;  // held when users_' rows and seqs change, and overtaken_, which last_order() asks
  std::unordered_map<std::string, Last> users_;
  std::int64_t newest_ = 0;          // of the orders
  std::set<std::int64_t> unended_;   // orders
  std::vector<User*> unsaved_;       // for the next saving
  std::int64_t saved_through_ = 0;   // what the last saving began with
  std::vector<User*> saving_;        // a heap: the first by name is on top
  std::size_t slice_ = 0;            // of them, how many went into the open transaction: they are at the end
  std::int64_t saving_through_ = 0;  // newest_ when this saving began

  std::vector<std::pair<User*, std::int64_t>> overtaken_;  // in the open transaction, and what their seq was
  std::vector<std::int64_t> inserted_, ended_;             // orders, in the open transaction
};

}  // namespace ldt::order
