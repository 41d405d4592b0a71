// How an order's attempts and failure instructions are stored: short text that a person can read in SQL.
// Pure. Invariant: what parse accepts, it renders again to the same bytes; what is broken is an error, never half an
// order.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/order/orders.h"

namespace ldt::order {

/// `step number outcome start_us duration_us;...` with start relative to the order's acceptance.
[[nodiscard]] std::string render_attempts(const std::vector<Attempt>& attempts, WallTime accepted_at);
[[nodiscard]] Result<std::vector<Attempt>> parse_attempts(std::string_view text, WallTime accepted_at);

/// `step kind effect attempts delay_ms outcome struck;...` with every default filled in; -1: absent.
[[nodiscard]] std::string render_failures(const std::vector<StruckInstruction>& failures);
[[nodiscard]] Result<std::vector<StruckInstruction>> parse_failures(std::string_view text);

}  // namespace ldt::order
