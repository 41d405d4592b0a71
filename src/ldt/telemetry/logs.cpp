// `ldt logs`: what all services said, in the order of time, all of it or one order's.
// Asks the telemetry store; where there is none, reads the files of the data folder, for which nothing need be up.

#include <sys/stat.h>

#include <boost/json/parse.hpp>
#include <chrono>
#include <deque>
#include <thread>

#include "base/clock.h"
#include "ldt/commands.h"
#include "ldt/exit_codes.h"
#include "ldt/output/json_access.h"
#include "ldt/output/terminal.h"
#include "ldt/output/text.h"
#include "ldt/telemetry/log_reader.h"
#include "ldt/telemetry/log_record.h"
#include "ldt/telemetry/stored_logs.h"

namespace ldt {
namespace {

constexpr std::chrono::milliseconds kFollowPause{100};
const std::vector<std::string> kServices{"delivery", "inventory", "order", "payment"};

/// Prints the lines of files that the command wants, with a limit the last ones only.
class Printer {
 public:
  Printer(const LogsCommand& command, std::int64_t since_us) : command_(command), since_us_(since_us) {}

  void operator()(std::string_view line) {
    if (!command_.order.empty() && line.find(command_.order) == std::string_view::npos) return;
    boost::json::error_code error;
    const auto record = boost::json::parse(line, error);
    if (!is_wanted(command_, since_us_, line, record)) return;
    std::string text = command_.target.json ? std::string(line)
                       : error              ? printable(line)
                                            : to_log_line(record, command_.order.empty());
    if (!keeps_last_) return write(text);
    last_.push_back(std::move(text));
    if (last_.size() > static_cast<std::size_t>(*command_.limit)) last_.pop_front();
  }

  /// All that was there has been read.
  void caught_up() {
    for (const auto& line : last_) write(line);
    last_.clear();
    keeps_last_ = false;
    std::fflush(stdout);
  }

 private:
  static void write(const std::string& line) {
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
  }

  const LogsCommand& command_;
  const std::int64_t since_us_;
  bool keeps_last_ = command_.limit.has_value();
  std::deque<std::string> last_;
};

/// Prints what comes until it is interrupted, or until nobody reads it.
[[noreturn]] void follow(std::vector<LogPosition> positions, Printer& printer) {
  printer.caught_up();
  while (true) {
    for (const auto& line : read_new_lines(positions)) printer(line);
    std::fflush(stdout);
    std::this_thread::sleep_for(kFollowPause);
  }
}

/// The services in all folders where they may log.
std::vector<std::string> everywhere(const std::string& folder, const std::vector<std::string>& services) {
  const auto folders = log_folders(folder);
  std::vector<std::string> all;
  all.reserve(folders.size() * services.size());
  for (const auto& within : folders) {
    for (const auto& service : services) all.push_back(within + service);
  }
  return all;
}

int show_files(const LogsCommand& command, std::int64_t since_us) {
  const std::string folder = command.target.data_folder + "/log";
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) {
    complain("no logs: there is no folder " + folder);
    return kExitCannot;
  }
  auto services = logged_services(folder);
  if (!command.service.empty()) services = everywhere(folder, {command.service});
  // Those too that have written nothing yet.
  if (command.follow && command.service.empty()) services = everywhere(folder, kServices);

  Printer printer(command, since_us);
  const bool from_now = command.order.empty() && since_us == 0 && !command.limit;
  if (command.follow && from_now) follow(log_ends(folder, services), printer);
  auto ends = read_logs(folder, services, command.order, [&](std::string_view line) { printer(line); });
  if (command.follow) follow(std::move(ends), printer);
  printer.caught_up();
  return kExitOk;
}

/// Microseconds since 1970; 0 where nothing was said; nothing where it is neither an age nor a time.
std::optional<std::int64_t> parse_since(const std::string& text) {
  if (text.empty()) return 0;
  if (const auto age = parse_age(text)) return SystemClock{}.wall().us - *age * 1'000'000;
  return parse_time(text);
}

}  // namespace

int run(const LogsCommand& command) {
  const auto since_us = parse_since(command.since);
  if (!since_us) {
    complain("--since " + command.since + ": expected 90s, 10m, 24h, 7d or a time such as 2026-01-31T12:00:00Z");
    return kExitUsage;
  }
  if (command.files) return show_files(command, *since_us);
  const auto shown = show_stored_logs(command, *since_us);
  if (shown) return *shown;
  if (!command.target.url.empty()) {  // another marketplace's files would be of no use
    complain(shown.error().detail);
    return kExitCannot;
  }
  complain(shown.error().detail + "; from the files in " + command.target.data_folder + "/log:");
  return show_files(command, *since_us);
}

}  // namespace ldt
