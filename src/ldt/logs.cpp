// `ldt logs`: what all services wrote, in the order of time, all of it or one order's.
// Reads the data folder only; the marketplace need not be up.

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <chrono>
#include <thread>

#include "ldt/commands.h"
#include "ldt/exit_codes.h"
#include "ldt/json_access.h"
#include "ldt/log_reader.h"
#include "ldt/table.h"
#include "ldt/terminal.h"
#include "ldt/text.h"

namespace ldt {
namespace {

constexpr std::chrono::milliseconds kFollowPause{100};
constexpr std::size_t kShortTrace = 8;
const std::vector<std::string> kServices{"delivery", "inventory", "order", "payment"};

Colour colour_of(const std::string& severity) {
  if (severity == "ERROR") return Colour::kBad;
  if (severity == "WARN") return Colour::kWarning;
  return severity == "DEBUG" ? Colour::kDim : Colour::kNone;
}

bool is_shown_apart(std::string_view member) {
  constexpr std::array<std::string_view, 9> kNames{"time",    "severity", "service", "body",    "trace_id",
                                                   "span_id", "attempt",  "outcome", "order_id"};
  return std::find(kNames.begin(), kNames.end(), member) != kNames.end();
}

/// Worth a place: it says something, and the body does not say it already.
bool is_news(const boost::json::value& record, std::string_view member) {
  const auto value = json::cell(record, member);
  return !value.empty() && value != "-" && json::text(record, "body").find(value) == std::string::npos;
}

/// time service severity body [user=... and other attributes] attempt outcome trace
std::string to_line(const boost::json::value& record, bool with_order) {
  const auto severity = printable(json::text(record, "severity"));
  std::string out = json::cell(record, "time") + "  " + padded(json::cell(record, "service"), 9) + "  " +
                    coloured(stdout, colour_of(severity), padded(severity, 5)) + "  " + json::cell(record, "body");
  if (const auto* members = record.if_object()) {
    for (const auto& member : *members) {
      const std::string_view name = member.key();
      if (!is_shown_apart(name) && is_news(record, name))
        out += "  " + printable(name) + "=" + json::cell(record, name);
    }
  }
  if (with_order && json::find(record, "order_id") != nullptr) out += "  order=" + json::cell(record, "order_id");
  if (json::find(record, "attempt") != nullptr) out += "  attempt " + json::cell(record, "attempt");
  if (is_news(record, "outcome")) out += "  " + json::cell(record, "outcome");
  const auto trace = json::text(record, "trace_id");
  if (!trace.empty()) out += "  " + coloured(stdout, Colour::kDim, printable(trace.substr(0, kShortTrace)));
  return out;
}

class Printer {
 public:
  explicit Printer(const LogsCommand& command) : command_(command) {}

  void operator()(std::string_view line) {
    if (!command_.order.empty() && line.find(command_.order) == std::string_view::npos) return;
    boost::json::error_code error;
    const auto record = boost::json::parse(line, error);
    if (!command_.order.empty() && json::text(record, "order_id") != command_.order) return;
    const std::string text = command_.json ? std::string(line)
                             : error       ? printable(line)
                                           : to_line(record, command_.order.empty());
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fputc('\n', stdout);
  }

 private:
  const LogsCommand& command_;
};

/// Prints what comes until it is interrupted, or until nobody reads it.
[[noreturn]] void follow(std::vector<LogPosition> positions, Printer& printer) {
  while (true) {
    for (const auto& line : read_new_lines(positions)) printer(line);
    std::fflush(stdout);
    std::this_thread::sleep_for(kFollowPause);
  }
}

}  // namespace

int run(const LogsCommand& command) {
  const std::string folder = command.data_folder + "/log";
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) {
    complain("no logs: there is no folder " + folder);
    return kExitCannot;
  }
  auto services = logged_services(folder);
  if (command.follow) services = kServices;  // those too that have written nothing yet
  if (!command.service.empty()) services = {command.service};

  Printer printer(command);
  if (command.follow && command.order.empty()) follow(log_ends(folder, services), printer);
  auto ends = read_logs(folder, services, command.order, [&](std::string_view line) { printer(line); });
  if (command.follow) follow(std::move(ends), printer);
  return kExitOk;
}

}  // namespace ldt
