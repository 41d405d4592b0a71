#include "ldt/client/api_client.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <thread>
#include <utility>

#include "base/check.h"
#include "ldt/exit_codes.h"
#include "ldt/output/json_access.h"
#include "ldt/output/terminal.h"
#include "ldt/output/text.h"
#include "ldt/processes/data_folder.h"

namespace ldt {
namespace {

constexpr std::int64_t kPageSize = 100;
constexpr std::chrono::milliseconds kRestartPatience{3'000};
constexpr std::chrono::milliseconds kConnectPause{20};

Answer to_answer(HttpResponse response) {
  boost::json::error_code error;
  auto json = boost::json::parse(response.body, error);
  if (error) json = nullptr;
  return {response.status, std::move(response.body), std::move(json)};
}

/// Puts what was gathered before the last page in front of it; what more the page has than is wanted goes.
void merge(Answer& last, boost::json::array gathered, std::string_view list, std::int64_t limit) {
  auto& object = last.json.as_object();
  for (auto& entry : json::array(last.json, list)) gathered.push_back(entry);
  if (gathered.size() > static_cast<std::size_t>(limit)) gathered.resize(static_cast<std::size_t>(limit));
  object[list] = std::move(gathered);
  last.body = boost::json::serialize(last.json);
}

}  // namespace

Result<ApiClient> ApiClient::connect(const Target& target) {
  auto address = find_address(target);
  if (!address) return tl::unexpected(address.error());
  ApiClient client(std::move(*address), DataFolder::read_operator_token(target.data_folder));
  if (target.url.empty() && DataFolder::is_supervised(target.data_folder)) client.patience_ = kRestartPatience;
  return client;
}

Result<Answer> ApiClient::get(const std::string& path, As as) const {
  HttpRequest request;
  request.target = path;
  return call(std::move(request), "", as);
}

Result<Answer> ApiClient::post(const std::string& path, const std::string& body, const std::string& key, As as) const {
  HttpRequest request;
  request.method = "POST";
  request.target = path;
  request.body = body;
  return call(std::move(request), key, as);
}

Result<Answer> ApiClient::put(const std::string& path, const std::string& body, As as) const {
  HttpRequest request;
  request.method = "PUT";
  request.target = path;
  request.body = body;
  return call(std::move(request), "", as);
}

Result<Answer> ApiClient::get_pages(const std::string& path, std::string_view list, std::int64_t limit) const {
  const std::string joint = path.find('?') == std::string::npos ? "?" : "&";
  boost::json::array gathered;
  std::string cursor;
  while (true) {
    const std::int64_t wanted = limit - static_cast<std::int64_t>(gathered.size());
    std::string page = path + joint + "limit=" + std::to_string(std::min(wanted, kPageSize));
    if (!cursor.empty()) page += "&cursor=" + percent_encode(cursor);
    auto answer = get(page);
    if (!answer || !answer->ok() || !answer->json.is_object()) return answer;
    cursor = json::text(answer->json, "next_cursor");
    const auto& entries = json::array(answer->json, list);
    if (cursor.empty() || entries.empty() || static_cast<std::int64_t>(entries.size()) >= wanted) {
      merge(*answer, std::move(gathered), list, limit);
      return answer;
    }
    gathered.insert(gathered.end(), entries.begin(), entries.end());
  }
}

Result<Answer> ApiClient::call(HttpRequest request, const std::string& key, As as) const {
  request.timeout = timeout_;
  if (!key.empty()) request.headers.emplace_back("Idempotency-Key", key);
  if (as == As::kOperator && !operator_token_.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + operator_token_);
  }
  const auto deadline = std::chrono::steady_clock::now() + patience_;
  auto response = send(address_, request);
  while (!response && response.error().kind == ErrorKind::kUnavailable && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kConnectPause);
    response = send(address_, request);
  }
  return std::move(response).map(to_answer);
}

std::string describe_problem(const Answer& answer) {
  const auto title = json::text(answer.json, "title");
  const auto detail = json::text(answer.json, "detail");
  std::string out = std::to_string(answer.status);
  if (!title.empty()) out += " " + printable(title);
  if (!detail.empty() && detail != title) out += ": " + printable(detail);
  for (const auto& error : json::array(answer.json, "errors")) {
    out += "\n  " + printable(json::text(error, "pointer")) + ": " + printable(json::text(error, "detail"));
  }
  return out;
}

std::string fresh_key() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, 16> bytes{};
  CHECK(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  std::string out;
  for (const unsigned char byte : bytes) {
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

int present(const Target& target, const std::function<Result<Answer>(const ApiClient&)>& call,
            const std::function<void(const boost::json::value&)>& show) {
  const auto client = ApiClient::connect(target);
  const auto answer = client.and_then(call);
  if (!answer) {
    complain(answer.error().detail + (answer.error().kind == ErrorKind::kUnavailable ? " (is it up? `ldt up`)" : ""));
    return kExitCannot;
  }
  if (target.json) print(answer->body + (answer->body.ends_with('\n') ? "" : "\n"));
  if (!answer->ok()) {
    if (!target.json) complain(describe_problem(*answer));
    return kExitNegative;
  }
  if (!target.json) show(answer->json);
  return kExitOk;
}

}  // namespace ldt
