// The page: the same matrices, and for each pair of steps a table with every pair of instructions.
// Self-contained: no script, font or picture from elsewhere.
// Invariant: whatever comes from an answer is escaped.
#include <map>

#include "failures/report.h"

namespace ldt::testing {
namespace {

const char* const kHead =
    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Every failure instruction</title><style>"
    "body{font:14px/1.4 system-ui,sans-serif;margin:2em;max-width:110em}table{border-collapse:collapse;margin:.5em 0 "
    "1.5em}"
    "th,td{border:1px solid #ccc;padding:1px 5px;text-align:left;font-weight:normal}th{background:#f3f3f3}"
    "td.d{background:#dff3df}td.t{background:#fdf0d0}td.u{background:#f6e2f5}td.r{background:#e1ebfa}"
    "td.c{background:#e4e4f7}td.n{background:#eee;color:#555}td.wrong{background:#c00;color:#fff;font-weight:bold}"
    "table.small td,table.small th{padding:0 "
    "3px;font-size:11px}th.up{writing-mode:vertical-rl;transform:rotate(180deg)}"
    "pre{white-space:pre-wrap;background:#f6f6f6;padding:1em}summary{cursor:pointer}</style></head><body>"
    "<h1>Every failure instruction</h1>";

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&') {
      safe += "&amp;";
    } else if (c == '<') {
      safe += "&lt;";
    } else if (c == '>') {
      safe += "&gt;";
    } else if (c == '"') {
      safe += "&quot;";
    } else {
      safe += c;
    }
  }
  return safe;
}

std::string class_of(const Verdict& verdict) {
  if (!verdict.ok()) return "wrong";
  const char letter = letter_for(verdict);
  return letter == '-' ? "n" : std::string(1, static_cast<char>(letter - 'A' + 'a'));
}

std::string cell(const Report& report, std::size_t position, const std::string& text) {
  const auto& verdict = report.outcome.verdicts[position];
  const auto& trial = report.plan.trials[position];
  const std::string note = name_of(report.plan, trial) + (verdict.ok() ? "" : ": " + verdict.why);
  return "<td class=\"" + class_of(verdict) + "\" title=\"" + escaped(note) + "\">" + escaped(text) + "</td>";
}

/// Positions in the plan, by the two instructions (second -1: alone).
using Places = std::map<std::pair<int, int>, std::size_t>;

Places places_of(const Report& report, Mode mode) {
  Places places;
  for (std::size_t i = 0; i < report.plan.trials.size(); ++i) {
    const auto& trial = report.plan.trials[i];
    const bool invalid = trial.mode == Mode::kInvalid && mode == Mode::kRevert;
    if (trial.mode == mode || invalid) places[{trial.first, trial.second}] = i;
  }
  return places;
}

/// Steps by kinds, effects and numbers of attempts.
std::string table_of_singles(const Report& report, Mode mode, const std::string& title) {
  const auto places = places_of(report, mode);
  if (places.empty()) return "";
  const auto per_step = report.plan.instructions.size() / kSteps.size();
  std::string html = "<h2>" + title + "</h2><table class=\"small\"><tr><th></th>";
  for (std::size_t i = 0; i < per_step; ++i)
    html += "<th class=\"up\">" + without_step(report.plan.instructions[i].failure) + "</th>";
  html += "</tr>";
  for (std::size_t step = 0; step < kSteps.size(); ++step) {
    html += "<tr><th>" + kSteps[step] + "</th>";
    for (std::size_t i = 0; i < per_step; ++i) {
      const auto found = places.find({static_cast<int>(step * per_step + i), -1});
      html += found == places.end()
                  ? "<td></td>"
                  : cell(report, found->second,
                         word_for(report.plan.trials[found->second], report.outcome.verdicts[found->second]));
    }
    html += "</tr>";
  }
  return html + "</table>";
}

std::string table_of_two_steps(const Report& report, const Places& places, int first_step, int second_step) {
  std::vector<int> rows, columns;
  for (std::size_t i = 0; i < report.plan.instructions.size(); ++i) {
    const auto& instruction = report.plan.instructions[i];
    if (!instruction.own_meaning) continue;
    if (instruction.step == first_step) rows.push_back(static_cast<int>(i));
    if (instruction.step == second_step) columns.push_back(static_cast<int>(i));
  }
  const auto name = [&](int i) { return without_step(report.plan.instructions[static_cast<std::size_t>(i)].failure); };
  std::string html = "<table class=\"small\"><tr><th></th>";
  for (const int column : columns) html += "<th class=\"up\">" + name(column) + "</th>";
  html += "</tr>";
  for (const int row : rows) {
    html += "<tr><th>" + name(row) + "</th>";
    for (const int column : columns) {
      const auto found = places.find({row, column});
      html += found == places.end()
                  ? "<td></td>"
                  : cell(report, found->second, std::string(1, letter_for(report.outcome.verdicts[found->second])));
    }
    html += "</tr>";
  }
  return html + "</table>";
}

std::string tables_of_pairs(const Report& report) {
  const auto places = places_of(report, Mode::kPair);
  if (places.empty()) return "";
  std::string html =
      "<h2>Pairs</h2><p>D done, T reverted for a timeout, U for an unknown error, R for a refusal, - no order; red: "
      "wrong; empty: not tried. The name of a pair shows on its cell.</p>";
  const auto counts = count_pairs(report);
  for (std::size_t first = 0; first < kSteps.size(); ++first) {
    for (std::size_t second = first; second < kSteps.size(); ++second) {
      const auto& count = counts[first][second];
      if (count.tried == 0) continue;
      html += std::string("<details") + (count.wrong > 0 ? " open" : "") + "><summary>" + kSteps[first] + " with " +
              kSteps[second] + ": " + std::to_string(count.tried) + " tried, " + std::to_string(count.wrong) +
              " wrong</summary>" +
              table_of_two_steps(report, places, static_cast<int>(first), static_cast<int>(second)) + "</details>";
    }
  }
  return html;
}

}  // namespace

std::string render_page(const Report& report) {
  std::string html = kHead;
  html += "<pre>" + escaped(summary_of(report)) + std::to_string(report.passed()) + " passed, " +
          std::to_string(report.failed()) + " failed</pre>";
  const auto wrong = render_wrong(report);
  if (!wrong.empty()) html += "<h2>Wrong</h2><pre>" + escaped(wrong) + "</pre>";
  html += table_of_singles(report, Mode::kRevert, "Alone, on_failure: REVERT");
  html += table_of_singles(report, Mode::kHoldThenRetry, "Alone, on_failure: HOLD, then retried");
  html += table_of_singles(report, Mode::kHoldThenCancel, "Alone, on_failure: HOLD, then cancelled");
  html += tables_of_pairs(report);
  return html + "</body></html>\n";
}

}  // namespace ldt::testing
