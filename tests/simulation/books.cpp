// Reads the databases and judges.
#include "simulation/books.h"

#include <sqlite3.h>

#include <algorithm>
#include <memory>
#include <set>

namespace ldt::simulation {

namespace {

constexpr int kCompleted = 3;
constexpr int kReverted = 4;
constexpr int kGrant = 1;
constexpr int kDo = 2;
constexpr int kUndo = 3;
constexpr int kDone = 1;
constexpr int kUndone = 4;
constexpr std::array<std::int64_t, saga::kPlan.size()> kSign{-1, -1, +1};
constexpr std::array<std::string_view, saga::kPlan.size()> kNames{"payment", "inventory", "delivery"};

/// One connection; rows as a callback.
class Reading {
 public:
  explicit Reading(const std::string& path) {
    require(sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK, "I5",
            path + " cannot be opened any more");
  }
  ~Reading() { sqlite3_close(handle_); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  template <class OnRow>
  void each(const char* sql, OnRow on_row) {
    sqlite3_stmt* raw = nullptr;
    const int prepared = sqlite3_prepare_v2(handle_, sql, -1, &raw, nullptr);
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
    require(prepared == SQLITE_OK, "I5", std::string("a database is broken: ") + sqlite3_errmsg(handle_));
    int code = SQLITE_OK;
    while ((code = sqlite3_step(raw)) == SQLITE_ROW) on_row(raw);
    require(code == SQLITE_DONE, "I5", std::string("a database is broken: ") + sqlite3_errmsg(handle_));
  }

 private:
  sqlite3* handle_ = nullptr;
};

std::string text(sqlite3_stmt* row, int column) {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  return data == nullptr ? std::string() : data;
}

/// An instruction that strikes every attempt at a step that the order cannot complete without. The first one of a step
/// strikes first.
bool can_never_complete(const order::NewOrder& order) {
  for (const auto step : {saga::Step::kAccept, saga::Step::kCharge, saga::Step::kReserve, saga::Step::kDeliver}) {
    const auto first = std::find_if(order.failures.begin(), order.failures.end(),
                                    [&](const saga::FailureInstruction& each) { return each.step == step; });
    if (first == order.failures.end() || first->attempts) continue;
    if (first->kind == saga::FailureKind::kTimeout || first->kind == saga::FailureKind::kUnknown) return true;
  }
  return false;
}

std::string name_of(const StoredOrder& order) { return "order " + order.id; }

}  // namespace

Books::Books(const std::string& order_database, const std::array<std::string, saga::kPlan.size()>& journals) {
  Reading orders(order_database);
  orders.each(
      "SELECT lower(hex(o.id)), o.user, o.sku, o.quantity, o.unit_price * o.quantity, o.idempotency_key,"
      " o.fingerprint,"
      " coalesce(e.state, o.state), o.reason FROM orders o LEFT JOIN order_end e ON e.seq = o.seq",
      [&](sqlite3_stmt* row) {
        StoredOrder order{text(row, 0),
                          text(row, 1),
                          text(row, 2),
                          sqlite3_column_int64(row, 3),
                          sqlite3_column_int64(row, 4),
                          text(row, 5),
                          sqlite3_column_int64(row, 6),
                          sqlite3_column_int(row, 7),
                          sqlite3_column_int(row, 8)};
        orders_.emplace(order.id, order);
      });
  orders.each("SELECT sku, quantity FROM sold",
              [&](sqlite3_stmt* row) { sold_[text(row, 0)] = sqlite3_column_int64(row, 1); });
  for (std::size_t i = 0; i < journals.size(); ++i) {
    Reading participant(journals[i]);
    participant.each(
        "SELECT j.seq, j.kind, j.state, lower(hex(j.order_id)), h.text, i.text, j.amount, j.delta FROM journal j"
        " LEFT JOIN name h ON h.id = j.holder LEFT JOIN name i ON i.id = j.item ORDER BY j.seq",
        [&](sqlite3_stmt* row) {
          journals_[i].push_back({sqlite3_column_int64(row, 0), sqlite3_column_int(row, 1), sqlite3_column_int(row, 2),
                                  text(row, 3), text(row, 4), text(row, 5), sqlite3_column_int64(row, 6),
                                  sqlite3_column_int64(row, 7)});
        });
    participant.each("SELECT name, balance FROM holding_now",
                     [&](sqlite3_stmt* row) { projected_[i][text(row, 0)] = sqlite3_column_int64(row, 1); });
  }
}

void Books::check_orders_ended() const {
  std::set<std::string> keys;
  for (const auto& [id, order] : orders_) {
    require(order.state == kCompleted || order.state == kReverted, "I5",
            name_of(order) + " has not ended: state " + std::to_string(order.state));
    require(order.key.empty() || keys.insert(order.key).second, "I7", "two orders of the key " + order.key);
  }
}

void Books::check_effects() const {
  for (std::size_t i = 0; i < journals_.size(); ++i) {
    std::map<std::string, std::vector<JournalEntry>> by_order;
    std::int64_t seq = 0;
    for (const auto& entry : journals_[i]) {
      require(entry.seq == ++seq, "I4", std::string(kNames[i]) + ": its journal has a gap");
      if (entry.kind == kDo || entry.kind == kUndo) by_order[entry.order].push_back(entry);
    }
    for (const auto& [id, entries] : by_order) {
      require(orders_.contains(id), "I3", std::string(kNames[i]) + " holds order " + id + ", which was never accepted");
    }
    for (const auto& [id, order] : orders_) check_effect(order, i, by_order[id]);
  }
}

void Books::check_effect(const StoredOrder& order, std::size_t participant, std::vector<JournalEntry> entries) const {
  const std::string where = name_of(order) + " at " + std::string(kNames[participant]);
  int effects = 0;
  int reversals = 0;
  const std::int64_t amount = participant == 0 ? order.total : order.quantity;
  for (const auto& entry : entries) {
    effects += static_cast<int>(entry.kind == kDo && entry.state == kDone);
    reversals += static_cast<int>(entry.kind == kUndo && entry.state == kUndone);
    const std::int64_t expected = entry.state == kDone     ? kSign[participant] * amount
                                  : entry.state == kUndone ? -kSign[participant] * amount
                                                           : 0;
    require(entry.delta == expected, "I4",
            where + " moved " + std::to_string(entry.delta) + " instead of " + std::to_string(expected));
    require(entry.holder == (participant == 1 ? order.sku : order.user), "I4", where + " has another holder");
    require(entry.item == (participant == 2 ? order.sku : ""), "I4", where + " has another item");
  }
  require(effects <= 1 && reversals <= 1, "I4", where + " took effect or was reversed more than once");
  require(reversals <= effects, "I4", where + " was reversed but never took effect");
  const bool done = effects > reversals;
  require(order.state != kCompleted || done, "I3", where + ": COMPLETED, but the step is not DONE");
  require(order.state != kReverted || !done, "I3", where + ": REVERTED, but the step is DONE");
}

std::int64_t Books::sum_of(std::size_t participant, int kind) const {
  std::int64_t sum = 0;
  for (const auto& entry : journals_[participant]) sum += entry.kind == kind ? entry.delta : 0;
  return sum;
}

std::map<std::string, std::int64_t> Books::balances(std::size_t participant) const {
  std::map<std::string, std::int64_t> balances;
  for (const auto& entry : journals_[participant]) {
    auto& balance = balances[entry.holder];
    balance += entry.delta;
    require(balance >= 0, "I2", std::string(kNames[participant]) + ": " + entry.holder + " fell below nothing");
  }
  return balances;
}

void Books::check_credits_and_stock(const Expected& expected) const {
  std::array<std::map<std::string, std::int64_t>, 3> rest;  // what each holder must have in the end
  std::int64_t charged = 0;
  std::int64_t sold = 0;
  for (const auto& [id, order] : orders_) {
    rest[0].try_emplace(order.user, 0);
    if (order.state != kCompleted) continue;
    charged += order.total;
    sold += order.quantity;
    rest[0][order.user] -= order.total;
    rest[1][order.sku] -= order.quantity;
    rest[2][order.user] += order.quantity;
  }
  for (const auto& change : expected.changes) {
    if (!change.key.empty()) rest[static_cast<std::size_t>(change.participant)][change.holder] += change.amount;
  }
  std::array<std::int64_t, 3> held{};
  for (std::size_t i = 0; i < journals_.size(); ++i) {
    for (const auto& [holder, balance] : balances(i)) {
      held[i] += balance;
      const std::int64_t opened = i == 0 ? expected.initial_credits : 0;
      require(balance == rest[i][holder] + opened || (i == 0 && balance == 0 && rest[i][holder] == 0), "I1",
              std::string(kNames[i]) + ": " + holder + " has " + std::to_string(balance) + ", its orders say " +
                  std::to_string(rest[i][holder] + opened));
    }
  }
  require(sum_of(0, kGrant) == held[0] + charged, "I1", "credits granted are not balances and completed charges");
  require(sum_of(1, kGrant) == held[1] + sold, "I2", "stock put in is not on hand and sold");
  require(held[2] == sold, "I2", "tokens in wallets are not those sold");
}

void Books::check_projections() const {
  for (std::size_t i = 0; i < journals_.size(); ++i) {
    for (const auto& [holder, balance] : balances(i)) {
      const auto found = projected_[i].find(holder);
      const std::int64_t saved = found == projected_[i].end() ? 0 : found->second;
      require(saved == balance, "I2",
              std::string(kNames[i]) + ": " + holder + " is shown with " + std::to_string(saved) +
                  ", its entries add up to " + std::to_string(balance));
    }
  }
  std::map<std::string, std::int64_t> sold;
  for (const auto& [id, order] : orders_) {
    if (order.state == kCompleted) sold[order.sku] += order.quantity;
  }
  require(sold == sold_, "I2", "tokens sold are not those of the completed orders");
}

const StoredOrder* Books::find(const order::NewOrder& wanted) const {
  const auto found = std::find_if(orders_.begin(), orders_.end(), [&](const auto& each) {
    return each.second.key == wanted.idempotency_key &&
           each.second.fingerprint == static_cast<std::int64_t>(wanted.request_fingerprint);
  });
  return found == orders_.end() ? nullptr : &found->second;
}

void Books::check_against_what_was_told(const std::vector<Purchase>& purchases) const {
  for (const auto& purchase : purchases) {
    const auto& key = purchase.wanted.idempotency_key;
    const auto* order = find(purchase.wanted);
    require(order == nullptr || order->state != kCompleted || !can_never_complete(purchase.wanted), "failures",
            "order " + (order == nullptr ? "" : order->id) + " completed although a step fails on every attempt");
    if (purchase.accept_failed) {
      require(order == nullptr || order->state == kReverted, "I6",
              "order " + (order == nullptr ? "" : order->id) + " completed after its acceptance was told as failed");
    }
    if (!purchase.id) continue;
    std::string id = purchase.id->to_string();
    std::erase(id, '-');
    const auto found = orders_.find(id);
    require(found != orders_.end(), "I5", "order " + id + " was acknowledged and is lost");
    require(found->second.key == key, "I7", "order " + id + " is stored under another key");
    if (!purchase.final) continue;
    const bool as_told = found->second.state == static_cast<int>(purchase.final->state) &&
                         found->second.reason == static_cast<int>(purchase.final->reason);
    require(as_told, "I6", "order " + id + " did not stay as it was told");
  }
}

}  // namespace ldt::simulation
