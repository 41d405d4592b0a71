#include "ldt/telemetry/waterfall.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "ldt/output/json_access.h"
#include "ldt/output/table.h"
#include "ldt/output/terminal.h"
#include "ldt/output/text.h"
#include "ldt/telemetry/log_record.h"

namespace ldt {
namespace {

using boost::json::value;

constexpr std::size_t kServiceWidth = 11;
constexpr std::size_t kDurationWidth = 11;
constexpr std::size_t kStatusWidth = 16;
constexpr std::size_t kLeastBar = 10;
constexpr std::size_t kMostBar = 60;
constexpr std::size_t kUsualWidth = 120;
constexpr std::size_t kLeastName = 10;
constexpr std::size_t kMostName = 40;

std::int64_t time_of(const value& object, std::string_view member) {
  return parse_time(json::text(object, member)).value_or(0);
}

std::int64_t duration_of(const value& span) { return json::number(span, "duration_us").value_or(0); }

/// A span, or a log record, at its place in the tree.
struct Row {
  const value* object = nullptr;
  bool is_span = false;
  std::size_t depth = 0;
};

/// What belongs to what, put in order: a span, then its children and its log records by time.
class Tree {
 public:
  explicit Tree(const value& trace) {
    std::set<std::string> known;
    for (const auto& span : json::array(trace, "spans")) known.insert(json::text(span, "span_id"));
    for (const auto& span : json::array(trace, "spans")) {
      const auto parent = json::text(span, "parent_span_id");
      const bool is_root = !known.contains(parent) || parent == json::text(span, "span_id");
      below_[is_root ? "" : parent].push_back({&span, true, 0});
    }
    for (const auto& log : json::array(trace, "logs")) {
      const auto owner = json::text(log, "span_id");
      below_[known.contains(owner) ? owner : ""].push_back({&log, false, 0});
    }
    add("", 0);
    // Spans that are their own ancestors are told after all others.
    while (!below_.empty()) add(std::string(below_.begin()->first), 0);
  }

  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }

 private:
  void add(const std::string& owner, std::size_t depth) {
    const auto found = below_.find(owner);
    if (found == below_.end()) return;
    auto rows = std::move(found->second);
    below_.erase(found);
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return begin_of(a) < begin_of(b); });
    for (auto& row : rows) {
      row.depth = depth;
      rows_.push_back(row);
      if (row.is_span) add(json::text(*row.object, "span_id"), depth + 1);
    }
  }

  static std::int64_t begin_of(const Row& row) { return time_of(*row.object, row.is_span ? "start" : "time"); }

  std::map<std::string, std::vector<Row>> below_;  // by span id; "": at the top
  std::vector<Row> rows_;
};

/// When the trace began and ended, and how wide its columns are.
struct Frame {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::size_t width = 0;  // 0: lines are not cut
  std::size_t name = 0;
  std::size_t bar = 0;
};

Frame frame_of(const std::vector<Row>& rows, std::size_t width) {
  Frame frame;
  frame.width = width;
  for (const auto& row : rows) {
    if (!row.is_span) continue;
    const auto begin = time_of(*row.object, "start");
    frame.begin = frame.begin == 0 ? begin : std::min(frame.begin, begin);
    frame.end = std::max(frame.end, begin + duration_of(*row.object));
    frame.name = std::max(frame.name, 2 * row.depth + columns(json::cell(*row.object, "name")) + 7);
  }
  if (frame.begin == 0 && !rows.empty()) frame.begin = time_of(*rows.front().object, "time");  // log records alone
  frame.name = std::clamp(frame.name, kLeastName, kMostName);
  const std::size_t taken = frame.name + kServiceWidth + kDurationWidth + kStatusWidth + 2;
  const std::size_t whole = width == 0 ? kUsualWidth : width;
  frame.bar = std::clamp(whole > taken ? whole - taken : 0, kLeastBar, kMostBar);
  return frame;
}

std::string bar_of(const Frame& frame, std::int64_t begin, std::int64_t duration, bool failed) {
  const auto total = std::max<std::int64_t>(1, frame.end - frame.begin);
  const auto cells = static_cast<std::int64_t>(frame.bar);
  const auto from = std::clamp<std::int64_t>((begin - frame.begin) * cells / total, 0, cells - 1);
  const auto length = std::clamp<std::int64_t>(duration * cells / total, 1, cells - from);
  return std::string(static_cast<std::size_t>(from), ' ') +
         std::string(static_cast<std::size_t>(length), failed ? '#' : '=') +
         std::string(static_cast<std::size_t>(cells - from - length), ' ');
}

std::string cut_to(const Frame& frame, const std::string& text) {
  return frame.width == 0 ? text : cut(text, frame.width);
}

/// Colour goes around a line that was cut, so that no escape sequence is.
std::string span_line(const Frame& frame, const Row& row) {
  const value& span = *row.object;
  const bool failed = json::text(span, "status") == "ERROR";
  const std::string mark = failed ? "! " : "  ";
  const auto attempt = json::number(json::object(span, "attributes"), "attempt").value_or(1);
  const std::string name = json::cell(span, "name") + (attempt > 1 ? " #" + std::to_string(attempt) : "");
  std::string line = padded(cut(std::string(2 * row.depth, ' ') + mark + name, frame.name - 1), frame.name) +
                     padded(cut(json::cell(span, "service"), kServiceWidth - 1), kServiceWidth) +
                     bar_of(frame, time_of(span, "start"), duration_of(span), failed) +
                     padded(format_duration(duration_of(span)), kDurationWidth, Table::Align::kRight);
  if (failed) {
    const auto detail = json::text(span, "status_detail");
    line += "  " + (detail.empty() ? "ERROR" : printable(detail));
  }
  const auto struck = json::text(json::object(span, "attributes"), "struck");
  if (!struck.empty()) line += "  <- struck: " + printable(struck);
  return coloured(stdout, failed ? Colour::kBad : Colour::kNone, cut_to(frame, line));
}

std::string log_line(const Frame& frame, const Row& row) {
  const value& log = *row.object;
  const auto offset = std::max<std::int64_t>(0, time_of(log, "time") - frame.begin);
  const auto severity = json::text(log, "severity");
  const bool loud = severity == "WARN" || severity == "ERROR" || severity == "FATAL";
  const std::string line = std::string(2 * row.depth + 2, ' ') + "- +" + format_duration(offset) + "  " +
                           json::cell(log, "service") + "  " + to_plain_log_text(flattened(log));
  return coloured(stdout, loud ? Colour::kWarning : Colour::kDim, cut_to(frame, line));
}

std::string link_lines(const Frame& frame, const Row& row) {
  std::string out;
  for (const auto& link : json::array(*row.object, "links")) {
    out +=
        cut_to(frame, std::string(2 * row.depth + 2, ' ') + "-> goes on from trace " + json::cell(link, "trace_id")) +
        "\n";
  }
  return out;
}

}  // namespace

std::string to_waterfall(const value& trace, std::size_t width) {
  const Tree tree(trace);
  const Frame frame = frame_of(tree.rows(), width);
  std::string out;
  for (const auto& row : tree.rows()) {
    out += (row.is_span ? span_line(frame, row) : log_line(frame, row)) + "\n";
    if (row.is_span) out += link_lines(frame, row);
  }
  return out;
}

}  // namespace ldt
