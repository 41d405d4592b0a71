#include "ldt/orders/timeline.h"

#include <algorithm>
#include <array>

#include "ldt/output/json_access.h"
#include "ldt/output/table.h"
#include "ldt/output/terminal.h"
#include "ldt/output/text.h"

namespace ldt {
namespace {

constexpr std::size_t kStepWidth = 18;  // "inventory.reserve", "inventory.release"
constexpr std::size_t kNumberWidth = 11;
constexpr std::size_t kOutcomeWidth = 22;  // "INSUFFICIENT_INVENTORY"

bool is_undo(const std::string& step) {
  constexpr std::array<std::string_view, 3> kUndos{"delivery.revoke", "inventory.release", "payment.refund"};
  return std::find(kUndos.begin(), kUndos.end(), step) != kUndos.end();
}

/// An instruction strikes the first attempts at its step, as many as it says it struck.
std::string strikes(const boost::json::value& order, const std::string& step, std::int64_t number) {
  std::string out;
  for (const auto& failure : json::array(order, "failures")) {
    if (json::text(failure, "step") != step || number > json::number(failure, "struck").value_or(0)) continue;
    if (!out.empty()) out += "; ";
    out += printable(json::text(failure, "kind"));
    if (json::text(failure, "effect") == "APPLIED") out += ", applied";
  }
  return out;
}

std::int64_t time_of(const boost::json::value& object, std::string_view member) {
  return parse_time(json::text(object, member)).value_or(0);
}

TimelineEntry entry_of(const boost::json::value& order, const std::string& step, std::int64_t number,
                       const boost::json::value& attempt) {
  TimelineEntry entry;
  entry.step = printable(step);
  entry.number = number;
  entry.outcome = printable(json::text(attempt, "outcome"));
  entry.offset_us = std::max<std::int64_t>(0, time_of(attempt, "started_at") - time_of(order, "created_at"));
  entry.duration_us = json::number(attempt, "duration_us").value_or(0);
  entry.undo = is_undo(step);
  entry.struck = strikes(order, step, number);
  return entry;
}

void add_step(std::vector<TimelineEntry>& entries, const boost::json::value& order, const boost::json::value& step) {
  const auto name = json::text(step, "step");
  const auto& tries = json::array(step, "tries");
  if (tries.empty()) {
    entries.push_back(entry_of(order, name, json::number(step, "attempts").value_or(1), step));
    return;
  }
  // The server may keep only the last tries of a step that was tried very often.
  const auto attempts = json::number(step, "attempts").value_or(static_cast<std::int64_t>(tries.size()));
  std::int64_t number = std::max<std::int64_t>(0, attempts - static_cast<std::int64_t>(tries.size()));
  for (const auto& attempt : tries) entries.push_back(entry_of(order, name, ++number, attempt));
}

Colour colour_of_outcome(const std::string& outcome) {
  if (outcome == "SUCCESS" || outcome == "COMPLETED") return Colour::kGood;
  if (outcome.empty()) return Colour::kDim;
  return outcome == "REVERTED" || outcome == "REVERTING" || outcome == "HELD" ? Colour::kWarning : Colour::kBad;
}

std::string unstruck(const boost::json::value& order) {
  std::string out;
  for (const auto& failure : json::array(order, "failures")) {
    if (json::number(failure, "struck").value_or(0) > 0) continue;
    out += "  did not strike: " + json::cell(failure, "step") + "=" + json::cell(failure, "kind") + "\n";
  }
  return out;
}

std::string ending(const boost::json::value& order) {
  const auto state = json::text(order, "state");
  std::string out = coloured(stdout, colour_of_outcome(state), printable(state));
  const auto outcome = json::text(order, "outcome");
  const auto reason = json::text(order, "reason");
  if (!outcome.empty()) out += "  " + printable(outcome);
  if (outcome.empty() && !reason.empty()) out += "  " + printable(reason);
  if (json::flag(order, "stuck")) out += "  " + coloured(stdout, Colour::kBad, "STUCK");
  const auto failed_step = json::text(order, "failed_step");
  if (!failed_step.empty()) out += " at " + printable(failed_step);
  if (!json::text(order, "finished_at").empty()) {
    out += "  after " + format_duration(time_of(order, "finished_at") - time_of(order, "created_at"));
  }
  return out + "\n";
}

}  // namespace

std::vector<TimelineEntry> timeline_of(const boost::json::value& order) {
  std::vector<TimelineEntry> entries;
  for (const auto& step : json::array(order, "steps")) add_step(entries, order, step);
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.offset_us < b.offset_us; });
  return entries;
}

std::string to_line(const TimelineEntry& entry) {
  std::string out = padded("+" + format_duration(entry.offset_us), 11, Table::Align::kRight) + "  " +
                    padded(entry.step, kStepWidth) + padded(entry.undo ? "undo" : "", 6) +
                    padded("attempt " + std::to_string(entry.number), kNumberWidth);
  const std::string outcome = entry.outcome.empty() ? "under way" : entry.outcome;
  out += coloured(stdout, colour_of_outcome(entry.outcome), padded(outcome, kOutcomeWidth));
  if (!entry.outcome.empty()) out += padded(format_duration(entry.duration_us), 11, Table::Align::kRight);
  if (!entry.struck.empty()) out += "  " + coloured(stdout, Colour::kWarning, "<- struck: " + entry.struck);
  out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

std::string to_head(const boost::json::value& order) {
  std::string out = "order " + coloured(stdout, Colour::kBold, json::cell(order, "id")) + "   " +
                    json::cell(order, "user") + " buys " + json::cell(order, "quantity") + " " +
                    json::cell(order, "sku") + " at " + json::cell(order, "unit_price") + " = " +
                    json::cell(order, "total") + " credits\n";
  const auto trace = json::text(order, "trace_id");
  if (!trace.empty()) out += coloured(stdout, Colour::kDim, "trace " + printable(trace)) + "\n";
  return out;
}

std::string to_page(const boost::json::value& order) {
  std::string out = to_head(order);
  for (const auto& entry : timeline_of(order)) out += to_line(entry) + "\n";
  return out + unstruck(order) + ending(order);
}

bool is_final(const boost::json::value& order) {
  const auto state = json::text(order, "state");
  return state == "COMPLETED" || state == "REVERTED";
}

}  // namespace ldt
