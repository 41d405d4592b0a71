#include "ldt/telemetry/stored_logs.h"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include "ldt/client/api_client.h"
#include "ldt/exit_codes.h"
#include "ldt/output/json_access.h"
#include "ldt/output/terminal.h"
#include "ldt/output/text.h"
#include "ldt/telemetry/log_record.h"

namespace ldt {
namespace {

constexpr std::chrono::milliseconds kFollowPause{200};
constexpr std::int64_t kPage = 1'000;
constexpr std::int64_t kLastOnes = 100;  // without any bound
constexpr std::int64_t kMostAtOnce = 5'000;

using As = ApiClient::As;

class StoredLogs {
 public:
  StoredLogs(const LogsCommand& command, std::int64_t since_us, ApiClient client)
      : command_(command), since_us_(since_us), client_(std::move(client)) {}

  Result<int> show() {
    if (auto outcome = gather(); !outcome || *outcome != kExitOk) return outcome;
    if (!command_.order.empty() && records_.empty() && !command_.follow) {
      return failure(ErrorKind::kNotFound,
                     "the telemetry store has nothing of this order: it was not sampled, or too "
                     "long ago");
    }
    if (command_.limit && records_.size() > static_cast<std::size_t>(*command_.limit)) {
      records_.erase(records_.begin(), records_.end() - static_cast<std::ptrdiff_t>(*command_.limit));
    }
    for (const auto& record : records_) print_record(record);
    std::fflush(stdout);
    if (!command_.follow) say_what_is_missing();
    if (command_.follow) follow();
    return kExitOk;
  }

 private:
  [[nodiscard]] As who() const { return command_.order.empty() ? As::kOperator : As::kUser; }

  [[nodiscard]] std::string path(std::int64_t limit) const {
    std::string path = command_.order.empty() ? "/v1/logs" : "/v1/orders/" + percent_encode(command_.order) + "/logs";
    path += "?limit=" + std::to_string(limit);
    if (!command_.service.empty()) path += "&service=" + percent_encode(command_.service);
    if (!command_.severity.empty()) path += "&severity=" + upper(command_.severity);
    if (!command_.text.empty()) path += "&text=" + percent_encode(command_.text);
    if (!cursor_.empty()) return path + "&after=" + percent_encode(cursor_);
    return since_us_ == 0 ? path : path + "&after=" + percent_encode(format_time(since_us_));
  }

  /// All pages; of an unbounded question the last page.
  Result<int> gather() {
    const bool last_ones = command_.order.empty() && since_us_ == 0;
    const std::int64_t page = last_ones ? std::min(command_.limit.value_or(kLastOnes), kMostAtOnce) : kPage;
    while (true) {
      const auto answer = client_.get(path(page), who());
      if (!answer) return tl::unexpected(answer.error());
      if (answer->status == 503) return failure(ErrorKind::kUnavailable, json::text(answer->json, "detail"));
      if (!answer->ok()) {
        complain(describe_problem(*answer));
        return kExitNegative;
      }
      if (take(answer->json) == 0 || last_ones) return kExitOk;  // a page may be short because its records are long
    }
  }

  std::int64_t take(const boost::json::value& body) {
    const auto& logs = json::array(body, "logs");
    for (const auto& log : logs) records_.push_back(log);
    cursor_ = json::text(body, "next_cursor");
    dropped_ = json::number(body, "dropped").value_or(0);
    left_out_ = json::number(body, "left_out").value_or(0);
    return static_cast<std::int64_t>(logs.size());
  }

  void print_record(const boost::json::value& record) const {
    const std::string text =
        command_.target.json ? boost::json::serialize(record) : to_log_line(flattened(record), command_.order.empty());
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fputc('\n', stdout);
  }

  /// Until it is interrupted, or until nobody reads it. A store or service that is just restarted is waited for.
  [[noreturn]] void follow() {
    while (true) {
      records_.clear();
      const auto answer = client_.get(path(kPage), who());
      if (answer && answer->ok() && take(answer->json) > 0) {
        for (const auto& record : records_) print_record(record);
        std::fflush(stdout);
      }
      if (records_.size() < static_cast<std::size_t>(kPage)) std::this_thread::sleep_for(kFollowPause);
    }
  }

  /// An order whose acceptance is there was traced from its beginning: nothing of it was left out.
  [[nodiscard]] bool is_whole() const {
    return !command_.order.empty() && std::any_of(records_.begin(), records_.end(), [](const auto& record) {
      return json::text(record, "body").starts_with("order.accept");
    });
  }

  void say_what_is_missing() const {
    if (dropped_ > 0) complain(std::to_string(dropped_) + " records were dropped since the services' start");
    if (left_out_ == 0 || is_whole()) return;
    complain(std::to_string(left_out_) + " records of traces that were not sampled are in the files only (--files)");
  }

  const LogsCommand& command_;
  const std::int64_t since_us_;
  ApiClient client_;
  std::vector<boost::json::value> records_;
  std::string cursor_;
  std::int64_t dropped_ = 0;
  std::int64_t left_out_ = 0;
};

}  // namespace

Result<int> show_stored_logs(const LogsCommand& command, std::int64_t since_us) {
  auto client = ApiClient::connect(command.target);
  if (!client) return tl::unexpected(client.error());
  return StoredLogs(command, since_us, std::move(*client)).show();
}

}  // namespace ldt
