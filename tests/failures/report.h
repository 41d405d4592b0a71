// What came of it, for people: matrices as text, as Markdown and as a page, and what was wrong with how to repeat it.
// Pure but for write_reports().
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "failures/plan.h"
#include "failures/runner.h"

namespace ldt::testing {

struct Report {
  const Plan& plan;
  const Outcome& outcome;

  [[nodiscard]] int passed() const;
  [[nodiscard]] int failed() const;
};

/// One word for an end: "done", "timeout", "held>done", "422", ...; with "!" before it where it is wrong.
[[nodiscard]] std::string word_for(const Trial& trial, const Verdict& verdict);
/// One letter for an end, for the large tables of pairs.
[[nodiscard]] char letter_for(const Verdict& verdict);

struct PairCount {
  int tried = 0, wrong = 0;
};
/// Of the pairs, by the steps of their two instructions.
[[nodiscard]] std::vector<std::vector<PairCount>> count_pairs(const Report& report);

/// @param markdown  with its tables; otherwise with aligned columns
[[nodiscard]] std::string render_text(const Report& report, bool markdown);
[[nodiscard]] std::string render_page(const Report& report);
/// What differs, and the command that repeats it on a marketplace that `ldt up` started.
[[nodiscard]] std::string render_wrong(const Report& report);
[[nodiscard]] std::string summary_of(const Report& report);

/// failures.md and failures.html.
void write_reports(const Report& report, const std::filesystem::path& folder);

}  // namespace ldt::testing
