// Any text as an order's stored attempts or failure instructions: what is read is rendered to the same bytes.
// Depends on the order service's stored text. The first eight bytes say when the order was accepted.
#include <cstring>
#include <string>

#include "fuzz/require.h"
#include "services/order/storage/stored_text.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace ldt::order;
  ldt::WallTime accepted_at;
  if (size < sizeof accepted_at.us) return 0;
  std::memcpy(&accepted_at.us, data, sizeof accepted_at.us);
  const std::string text(ldt::fuzz::text_of(data + 8, size - 8));
  if (const auto attempts = parse_attempts(text, accepted_at)) {
    REQUIRE(render_attempts(*attempts, accepted_at) == text);
    for (const auto& attempt : *attempts) {
      REQUIRE(!to_string(attempt.step).empty());
      static_cast<void>(to_string(attempt.outcome));  // ends the process where there is no such outcome
    }
  }
  if (const auto failures = parse_failures(text)) {
    REQUIRE(render_failures(*failures) == text);
    for (const auto& [instruction, struck] : *failures) {
      REQUIRE(!to_string(instruction.step).empty() && !to_string(instruction.kind).empty());
      REQUIRE(!to_string(instruction.effect).empty());
      static_cast<void>(to_string(instruction.outcome.value_or(ldt::saga::Outcome::kNone)));
    }
  }
  return 0;
}
