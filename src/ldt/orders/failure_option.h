// Reads --fail STEP=KIND[:applied][:n=N][:delay=MS][:outcome=X].
// Pure. Only the syntax is judged here: which instruction makes sense on which step is the server's to say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ldt {

struct FailureOption {
  std::string step;
  std::string kind;  // upper case
  bool applied = false;
  std::optional<std::int64_t> attempts;
  std::optional<std::int64_t> delay_ms;
  std::string outcome;  // upper case; empty: not given
};

/// @return kInvalid with one line that names the part that is wrong.
[[nodiscard]] Result<FailureOption> parse_failure_option(std::string_view text);

}  // namespace ldt
