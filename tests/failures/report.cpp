#include "failures/report.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>

namespace ldt::testing {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string end_word(const Verdict& verdict) {
  const End& end = verdict.seen;
  if (!end.exists) return "none";
  if (end.outcome == "SUCCESS") return "done";
  if (end.outcome == "TIMEOUT") return "timeout";
  if (end.outcome == "UNKNOWN") return "unknown";
  if (end.outcome == "CANCELLED") return "cancelled";
  if (end.state == "REVERTED") return "refused";
  return end.state.empty() ? "?" : end.state;
}

std::string render_aligned(const Rows& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) line += " " + row[i] + std::string(widths[i] - row[i].size(), ' ');
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text + "\n";
}

std::string render_markdown(const Rows& rows) {
  std::string text;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    text += "|";
    for (const auto& cell : rows[i]) text += " " + (cell.empty() ? " " : cell) + " |";
    text += "\n";
    if (i == 0) {
      text += "|";
      for (std::size_t k = 0; k < rows[0].size(); ++k) text += "---|";
      text += "\n";
    }
  }
  return text + "\n";
}

/// One kind, one way of handling: steps by effects and numbers of attempts.
Rows rows_of_singles(const Report& report, int kind, Mode mode) {
  std::vector<std::string> head{kKinds[static_cast<std::size_t>(kind)]};
  for (const std::string effect : {"", "applied "}) {
    for (const std::string attempts : {"-", "n=1", "n=2", "n=3"}) head.push_back(effect + attempts);
  }
  Rows rows{head};
  for (const auto& step : kSteps) {
    rows.push_back({step});
    rows.back().resize(head.size());
  }
  for (std::size_t i = 0; i < report.plan.trials.size(); ++i) {
    const auto& trial = report.plan.trials[i];
    const auto& instruction = report.plan.instructions[static_cast<std::size_t>(trial.first)];
    const bool invalid = trial.mode == Mode::kInvalid && mode == Mode::kRevert;
    if (instruction.kind != kind || (trial.mode != mode && !invalid)) continue;
    const auto column = static_cast<std::size_t>(1 + instruction.effect * kAttemptChoices + instruction.attempts);
    rows[static_cast<std::size_t>(instruction.step) + 1][column] = word_for(trial, report.outcome.verdicts[i]);
  }
  return rows;
}

bool all_empty(const Rows& rows) {
  return std::all_of(rows.begin() + 1, rows.end(), [](const auto& row) {
    return std::all_of(row.begin() + 1, row.end(), [](const auto& cell) { return cell.empty(); });
  });
}

Rows rows_of_pairs(const Report& report) {
  Rows rows{{"first \\ second"}};
  for (const auto& step : kSteps) rows[0].push_back(step);
  const auto counts = count_pairs(report);
  for (std::size_t first = 0; first < kSteps.size(); ++first) {
    rows.push_back({kSteps[first]});
    for (const auto& count : counts[first]) {
      std::string cell = count.tried == 0 ? "" : std::to_string(count.tried);
      if (count.wrong > 0) cell += " !" + std::to_string(count.wrong) + " wrong";
      rows.back().push_back(cell);
    }
  }
  return rows;
}

/// How the pairs ended, for each combination of kinds.
Rows rows_of_ends(const Report& report) {
  std::map<std::string, std::map<std::string, int>> counts;
  std::map<std::string, int> words;
  for (std::size_t i = 0; i < report.plan.trials.size(); ++i) {
    const auto& trial = report.plan.trials[i];
    if (trial.second < 0) continue;
    const auto kind = [&](int k) { return report.plan.instructions[static_cast<std::size_t>(k)].failure.kind; };
    const auto word = word_for(trial, report.outcome.verdicts[i]);
    ++counts[kind(trial.first) + " + " + kind(trial.second)][word];
    ++words[word];
  }
  Rows rows{{"kinds"}};
  for (const auto& [word, count] : words) rows[0].push_back(word);
  for (const auto& [kinds, ends] : counts) {
    rows.push_back({kinds});
    for (const auto& [word, count] : words)
      rows.back().push_back(ends.contains(word) ? std::to_string(ends.at(word)) : "");
  }
  return rows;
}

std::string quoted_for_shell(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

/// With the SKU that is there after `ldt up`.
std::string repeatable(Json body) {
  if (body.is_object()) body["sku"] = "late-day";
  return body.dump();
}

}  // namespace

int Report::failed() const {
  const auto wrong = std::count_if(outcome.verdicts.begin(), outcome.verdicts.end(),
                                   [](const Verdict& verdict) { return !verdict.ok(); });
  return static_cast<int>(wrong) + (outcome.audit.empty() && outcome.audited ? 0 : 1);
}

int Report::passed() const { return static_cast<int>(outcome.verdicts.size()) + 1 - failed(); }

std::string word_for(const Trial& trial, const Verdict& verdict) {
  std::string word = trial.mode == Mode::kInvalid ? std::to_string(verdict.seen.status) : end_word(verdict);
  if (verdict.was_held) word = "held>" + word;
  return verdict.ok() ? word : "!" + word;
}

char letter_for(const Verdict& verdict) {
  const std::string word = end_word(verdict);
  return word == "none" ? '-' : word == "done" ? 'D' : word == "?" ? '?' : static_cast<char>(word[0] - 'a' + 'A');
}

std::vector<std::vector<PairCount>> count_pairs(const Report& report) {
  std::vector<std::vector<PairCount>> counts(kSteps.size(), std::vector<PairCount>(kSteps.size()));
  for (std::size_t i = 0; i < report.plan.trials.size(); ++i) {
    const auto& trial = report.plan.trials[i];
    if (trial.second < 0) continue;
    const auto step = [&](int k) {
      return static_cast<std::size_t>(report.plan.instructions[static_cast<std::size_t>(k)].step);
    };
    auto& count = counts[step(trial.first)][step(trial.second)];
    ++count.tried;
    count.wrong += report.outcome.verdicts[i].ok() ? 0 : 1;
  }
  return counts;
}

std::string summary_of(const Report& report) {
  const auto& plan = report.plan;
  int helped = 0, disarmed = 0;
  for (const auto& trial : plan.trials) {
    helped += trial.helped ? 1 : 0;
    disarmed += trial.disarmed ? 1 : 0;
  }
  std::ostringstream text;
  text << plan.trials.size() << " orders in " << static_cast<int>(report.outcome.seconds) << " s, "
       << report.outcome.reruns << " tried again, " << report.outcome.lone_reruns << " of them once more alone.\n"
       << "Pairs: " << plan.pairs << "; " << plan.rare_pairs
       << " of them with a CRASH that strikes more than once, of which " << plan.rare_planned << " are planned"
       << (plan.rare_planned < plan.rare_pairs ? " (--all: all)" : "") << ".\n"
       << helped << " orders got delivery.deliver=UNKNOWN:applied as well, so that their undo comes about; in "
       << disarmed << " no undo can, and it is checked that it does not strike.\n"
       << "Audit: "
       << (!report.outcome.audited        ? "not made"
           : report.outcome.audit.empty() ? "clean"
                                          : "VIOLATIONS")
       << "\n";
  return text.str();
}

std::string render_text(const Report& report, bool markdown) {
  const auto title = [&](const std::string& text) { return (markdown ? "## " : "== ") + text + "\n\n"; };
  const auto table = [&](const Rows& rows) { return markdown ? render_markdown(rows) : render_aligned(rows); };
  std::string text = markdown ? "# Every failure instruction\n\n" + summary_of(report) + "\n" : "";
  const std::vector<std::pair<Mode, std::string>> modes{{Mode::kRevert, "alone, on_failure: REVERT"},
                                                        {Mode::kHoldThenRetry, "alone, on_failure: HOLD, then retried"},
                                                        {Mode::kHoldThenCancel, "alone, HOLD, then cancelled"}};
  for (const auto& [mode, name] : modes) {
    std::string tables;
    for (int kind = 0; kind < static_cast<int>(kKinds.size()); ++kind) {
      const auto rows = rows_of_singles(report, kind, mode);
      if (!all_empty(rows)) tables += table(rows);
    }
    if (!tables.empty()) text += title("Instructions " + name) + tables;
  }
  const auto pairs = rows_of_pairs(report);
  if (all_empty(pairs)) return text;
  text += title("Pairs: how many were tried, and how many were wrong") + table(pairs);
  return text + title("Pairs: how they ended") + table(rows_of_ends(report));
}

std::string render_wrong(const Report& report) {
  std::ostringstream text;
  for (std::size_t i = 0; i < report.plan.trials.size(); ++i) {
    const auto& trial = report.plan.trials[i];
    const auto& verdict = report.outcome.verdicts[i];
    if (verdict.ok()) continue;
    text << "WRONG " << name_of(report.plan, trial) << "\n  " << (verdict.tried ? verdict.why : "was not tried")
         << "\n  foretold: " << trial.foretold.end << "\n  seen:     " << verdict.seen
         << "\n  repeat: curl -s -H 'Content-Type: application/json' -H 'Prefer: wait=20' -d "
         << quoted_for_shell(repeatable(verdict.body)) << " http://127.0.0.1:8080/v1/orders\n";
  }
  if (!report.outcome.audit.empty()) text << "WRONG the audit at the end\n" << report.outcome.audit << "\n";
  return text.str();
}

void write_reports(const Report& report, const std::filesystem::path& folder) {
  const auto write = [&](const char* name, const std::string& content) {
    std::ofstream file(folder / name);
    file << content;
    if (!file.flush()) throw std::runtime_error("cannot write " + (folder / name).string());
  };
  const auto wrong = render_wrong(report);
  write("failures.md", render_text(report, true) + (wrong.empty() ? "" : "## Wrong\n\n```\n" + wrong + "```\n"));
  write("failures.html", render_page(report));
}

}  // namespace ldt::testing
