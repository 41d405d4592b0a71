// The audit of one participant: every operation and the totals of one snapshot, and what does not add up.
// The rules are here; a storage gives the rows and adds up.
// Invariant: it trusts neither the saved balances nor the writer's memory: all is added up again from the journal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/order_id.h"
#include "base/result.h"
#include "participant/operation.h"
#include "participant/rules.h"

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
  virtual ~Audit() = default;

  /// The next operation, ascending by order id; nothing: there are no more.
  [[nodiscard]] Result<std::optional<AuditedOperation>> next();
  /// After the last operation.
  [[nodiscard]] Result<AuditTotals> totals();

 protected:
  struct Row {  // of the journal: a do or an undo
    AuditedOperation operation;
    bool undo = false;
    std::int64_t delta = 0;
  };
  /// Numbers as they are stored, which may be anything.
  struct StoredRow {
    std::string_view order;
    std::int64_t state = 0;
    std::string_view holder;
    std::string_view item;
    std::int64_t amount = 0;
    bool undo = false;
    std::int64_t delta = 0;
  };
  struct Sums {
    std::int64_t put_in = 0;
    std::int64_t held = 0;
  };
  explicit Audit(const Terms& terms) : terms_(terms) {}

  /// The next row, ascending by order id and then the do before the undo; nothing: there are no more.
  [[nodiscard]] virtual Result<std::optional<Row>> next_row() = 0;
  /// Adds up, and reports what does not fit with violation().
  [[nodiscard]] virtual Result<Sums> add_up() = 0;

  [[nodiscard]] Row to_row(const StoredRow& stored);
  void unbalanced(std::string_view holder, const Sums& saved, const Sums& summed);
  void violation(std::string text);

 private:
  void check(const Row& row);
  void check_pair(const Row& done, const Row& undone);

  const Terms& terms_;
  std::optional<Row> ahead_;  // read but not yet used
  std::vector<std::string> violations_;
};

}  // namespace ldt::participant
