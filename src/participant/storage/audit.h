// The audit of one participant: every operation and the totals of one snapshot, and what does not add up.
// Depends on platform/sqlite; reads on a connection of its own, so the writer goes on.
// Invariant: it trusts neither the saved projection nor the writer's memory: all is added up again from the journal.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/order_id.h"
#include "base/result.h"
#include "participant/operation.h"
#include "participant/rules.h"
#include "platform/sqlite/database.h"

namespace ldt::participant {

struct AuditedOperation {
  OrderId order;
  OperationState state = OperationState::kNone;
  std::string holder;
  std::string item;
  std::int64_t amount = 0;
};

struct AuditTotals {
  std::int64_t put_in = 0;  // granted or restocked, from the journal
  std::int64_t held = 0;    // balances: saved plus tail
  std::vector<std::string> violations;
};

class Audit {
 public:
  /// Takes the snapshot.
  [[nodiscard]] static Result<std::unique_ptr<Audit>> open(const std::string& path, const Terms& terms);

  /// The next operation, ascending by order id; nothing: there are no more.
  [[nodiscard]] Result<std::optional<AuditedOperation>> next();
  /// After the last operation.
  [[nodiscard]] Result<AuditTotals> totals();

 private:
  struct Row {  // of the journal
    AuditedOperation operation;
    bool undo = false;
    std::int64_t delta = 0;
  };
  Audit(sqlite::Database database, const Terms& terms) : database_(std::move(database)), terms_(terms) {}
  [[nodiscard]] Result<std::optional<Row>> next_row();
  void check(const Row& row);
  void check_pair(const Row& done, const Row& undone);
  [[nodiscard]] Result<void> check_holders();
  [[nodiscard]] Result<void> check_sequence();
  [[nodiscard]] Result<void> check_pages();
  void violation(std::string text);

  sqlite::Database database_;
  const Terms& terms_;
  std::optional<sqlite::Transaction> snapshot_;
  sqlite::Statement rows_;
  std::optional<Row> ahead_;  // read but not yet used
  bool ended_ = false;
  std::vector<std::string> violations_;
};

}  // namespace ldt::participant
