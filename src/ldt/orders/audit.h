// Reads and prints the answer to GET /v1/audit.
// Pure but for printing. Invariant: clean only where the server found nothing and both equations hold.
#pragma once

#include <boost/json/value.hpp>

namespace ldt {

[[nodiscard]] bool is_clean_audit(const boost::json::value& audit);
/// Both equations in numbers, the orders by state, and every order that breaks a rule.
void print_audit(const boost::json::value& audit);

}  // namespace ldt
