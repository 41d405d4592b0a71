// Checks each operation's rows against each other.
// Pure but for what a storage does.
#include "participant/storage/audit.h"

#include <utility>

namespace ldt::participant {

namespace {

constexpr std::size_t kMaxViolations = 1000;  // more would tell nobody more

std::int64_t expected_delta(const Terms& terms, OperationState state, std::int64_t amount) {
  if (state == OperationState::kDone) return terms.sign * amount;
  if (state == OperationState::kUndone) return -terms.sign * amount;
  return 0;
}

bool state_fits(OperationState state, bool undo) {
  if (undo) return state == OperationState::kUndone || state == OperationState::kTombstone;
  return state == OperationState::kDone || state == OperationState::kRefused;
}

std::string number(std::int64_t value) { return std::to_string(value); }

}  // namespace

Result<std::optional<AuditedOperation>> Audit::next() {
  auto row = ahead_ ? Result<std::optional<Row>>(std::exchange(ahead_, std::nullopt)) : next_row();
  if (!row) return tl::unexpected(row.error());
  if (!*row) return std::nullopt;
  check(**row);
  auto following = next_row();
  if (!following) return tl::unexpected(following.error());
  const bool is_pair = *following && (*following)->operation.order == (*row)->operation.order;
  if (!is_pair) {
    if ((*row)->operation.state == OperationState::kUndone) {
      violation("order " + (*row)->operation.order.to_string() + ": was undone but there is no entry of its doing");
    }
    ahead_ = std::move(*following);
    return std::move((*row)->operation);
  }
  check(**following);
  check_pair(**row, **following);
  return std::move((*following)->operation);
}

Result<AuditTotals> Audit::totals() {
  const auto sums = add_up();
  if (!sums) return tl::unexpected(sums.error());
  return AuditTotals{sums->put_in, sums->held, std::move(violations_)};
}

Audit::Row Audit::to_row(const StoredRow& stored) {
  const auto order = OrderId::from_bytes(stored.order);
  if (!order) violation("journal: an order id has not 16 bytes");
  auto state = stored.state;
  if (state < 0 || state >= static_cast<std::int64_t>(kOperationStates)) {
    violation("journal: an operation has a state that there is not: " + number(state));
    state = 0;
  }
  auto amount = stored.amount;
  if (amount < -kMaxGranted || amount > kMaxGranted) {
    violation("journal: an operation has an amount that cannot be: " + number(amount));
    amount = 0;
  }
  return {.operation = {order.value_or(OrderId{}), static_cast<OperationState>(state), std::string(stored.holder),
                        std::string(stored.item), amount},
          .undo = stored.undo,
          .delta = stored.delta};
}

void Audit::check(const Row& row) {
  const auto& operation = row.operation;
  if (!state_fits(operation.state, row.undo)) {
    violation("order " + operation.order.to_string() + ": an entry has a state that it cannot have");
  }
  const std::int64_t expected = expected_delta(terms_, operation.state, operation.amount);
  if (row.delta == expected) return;
  violation("order " + operation.order.to_string() + ": an entry of " + operation.holder + " moved " +
            number(row.delta) + " where it should have moved " + number(expected));
}

void Audit::check_pair(const Row& done, const Row& undone) {
  const bool fits = done.operation.state == OperationState::kDone && undone.operation.state == OperationState::kUndone;
  const bool same = done.operation.holder == undone.operation.holder && done.operation.item == undone.operation.item &&
                    done.operation.amount == undone.operation.amount;
  if (!fits || !same) violation("order " + done.operation.order.to_string() + ": its undo does not reverse its do");
}

void Audit::unbalanced(std::string_view holder, const Sums& saved, const Sums& summed) {
  violation(std::string(holder) + ": balance " + number(saved.held) + ", its entries sum to " + number(summed.held) +
            "; put in " + number(saved.put_in) + ", its entries say " + number(summed.put_in));
}

void Audit::violation(std::string text) {
  if (violations_.size() < kMaxViolations) violations_.push_back(std::move(text));
}

}  // namespace ldt::participant
