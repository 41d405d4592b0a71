// The engine's store over PostgreSQL: one round trip a transaction, whatever its size; several engines may share it.
// Depends on platform/postgres. Invariant: every order has an owner, and an owner is a replica that keeps its lease, or
// whose orders are about to be taken over.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "platform/postgres/connection.h"
#include "services/order/engine/store.h"
#include "services/order/storage/postgres/reconnecting_link.h"

namespace ldt::order {

class PostgresStore final : public Store {
 public:
  struct Options {
    postgres::ConnectionOptions connection;  // its schema has been migrated
    std::string replica;                     // unique among those that run; one that comes back has its orders again
    std::chrono::milliseconds lease{3'000};
  };

  /// Registers the replica. Waits for the server for a moment.
  [[nodiscard]] static Result<std::unique_ptr<PostgresStore>> open(Options options);

  Result<void> commit(std::span<Write* const> writes) override;
  Result<std::vector<std::optional<KeyOwner>>> find_keys(std::span<const std::string* const> keys) override;
  Result<std::vector<OrderRow>> unfinished() override;
  /// Nothing: it is read from the archive, since other engines sell as well.
  Result<std::vector<std::pair<std::string, Quantity>>> sold() override;

  Result<Attended> attend(const Attendance& attendance) override;
  Result<std::optional<OrderRow>> take_over(const OrderId& id) override;
  Result<std::optional<OrderRow>> push(const OrderId& id) override;
  bool available() override { return link_.get().has_value(); }
  void leave() override;

 private:
  struct Gone {  // a replica without a lease
    std::int64_t id = 0;
    OrderId oldest_running;
    bool long_ago = false;
  };
  /// What became of a transaction: an error, and whether to try it again at once.
  struct Outcome {
    Result<void> result;
    bool again = false;
  };
  struct Pause {
    std::chrono::steady_clock::time_point until{};
    std::chrono::seconds next{2};
  };

  explicit PostgresStore(Options options);
  [[nodiscard]] Result<void> enroll();
  [[nodiscard]] Result<void> claim_name(postgres::Connection& connection) const;
  static constexpr std::string_view kLockName = "SELECT pg_try_advisory_lock(7103348, $1::int)";
  [[nodiscard]] Outcome write(postgres::Connection& connection, std::span<Write* const> writes);
  [[nodiscard]] Outcome settle_conflicts(postgres::Connection& connection, std::span<Write* const> writes);
  [[nodiscard]] Result<std::vector<Gone>> keep_lease(postgres::Connection& connection, const Attendance& attendance,
                                                     Attended& attended);
  void show_stuck(postgres::Connection& connection, const std::vector<Saga>& stuck);
  [[nodiscard]] bool is_worth_a_look(const Gone& gone) const;
  [[nodiscard]] Result<std::vector<OrderRow>> claim(postgres::Connection& connection, const Gone& gone,
                                                    std::size_t room);
  void settle(postgres::Connection& connection, const Gone& gone);

  const Options options_;
  std::int64_t replica_ = 0;
  ReconnectingLink link_;
  std::map<std::int64_t, Pause> nothing_left_;  // by replica that is gone
  bool shows_stuck_ = false;                    // there may be rows in the table
  std::vector<std::int64_t> let_go_;            // of taken_over: what the engine has heard of
};

}  // namespace ldt::order
