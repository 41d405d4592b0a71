#include "support/exchanges.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <optional>
#include <regex>
#include <stdexcept>

namespace ldt::testing {
namespace {

/// The file of this process, opened by the first exchange.
class Log {
 public:
  static Log* opened() {
    static const char* folder = std::getenv("LDT_EXCHANGES");
    if (folder == nullptr || *folder == '\0') return nullptr;
    static Log log(folder);
    return &log;
  }

  void append(const Json& exchange) {
    const std::string line = exchange.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    const std::lock_guard lock(mutex_);
    if (write(descriptor_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
      throw std::runtime_error("an exchange could not be written to LDT_EXCHANGES");
  }

 private:
  explicit Log(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder);
    const auto file = folder / (std::to_string(getpid()) + ".jsonl");
    descriptor_ = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (descriptor_ < 0) throw std::runtime_error("LDT_EXCHANGES: cannot write " + file.string());
  }
  ~Log() { close(descriptor_); }

  int descriptor_ = -1;
  std::mutex mutex_;
};

Json json_of(const Answer& answer) {
  return {{"status", answer.status}, {"headers", answer.headers}, {"body", answer.text}};
}

Headers headers_of(const std::string& head) {
  Headers headers;
  std::size_t begin = head.find("\r\n");
  while (begin != std::string::npos) {
    begin += 2;
    const auto end = head.find("\r\n", begin);
    const std::string line = head.substr(begin, end == std::string::npos ? end : end - begin);
    const auto colon = line.find(": ");
    if (colon != std::string::npos) headers[lower_case(line.substr(0, colon))] = line.substr(colon + 2);
    begin = end;
  }
  return headers;
}

/// The answer that starts at `begin`, which is moved behind it; nothing where it is not there in full.
std::optional<Answer> next_answer(const std::string& received, std::size_t& begin) {
  constexpr std::size_t kStatusAt = 9;  // behind "HTTP/1.1 "
  const auto blank = received.find("\r\n\r\n", begin);
  if (blank == std::string::npos || received.compare(begin, kStatusAt, "HTTP/1.1 ") != 0) return std::nullopt;
  const int status = std::atoi(received.c_str() + begin + kStatusAt);
  auto headers = headers_of(received.substr(begin, blank - begin));
  const auto length = headers.find("content-length");
  const std::size_t size = length == headers.end() ? 0 : std::stoul(length->second);
  if (received.size() - blank - 4 < size) return std::nullopt;
  begin = blank + 4 + size;
  return answer_of(status, std::move(headers), received.substr(blank + 4, size));
}

}  // namespace

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

Answer answer_of(int status, Headers lower_case_headers, std::string text) {
  Answer answer;
  answer.status = status;
  answer.headers = std::move(lower_case_headers);
  answer.text = std::move(text);
  answer.body = Json::parse(answer.text, nullptr, false);
  if (answer.body.is_discarded()) answer.body = nullptr;
  return answer;
}

std::vector<Answer> answers_in(const std::string& received) {
  std::vector<Answer> answers;
  std::size_t begin = 0;
  while (auto answer = next_answer(received, begin)) answers.push_back(std::move(*answer));
  return answers;
}

void record_exchange(const Sent& sent, const Answer& answer) {
  Log* log = Log::opened();
  if (log == nullptr || !answer.arrived()) return;
  log->append({{"method", sent.method},
               {"path", sent.path},
               {"request", {{"headers", sent.headers}, {"body", sent.body}}},
               {"response", json_of(answer)}});
}

void record_raw_exchange(const std::string& sent, const std::string& received) {
  Log* log = Log::opened();
  if (log == nullptr) return;
  static const std::regex request_line("([A-Z]+) (/[!-~]{0,1000}) HTTP/1\\.[01]\r\n");
  std::smatch parts;
  const std::string start = sent.substr(0, 1100);
  const bool sensible = std::regex_search(start, parts, request_line, std::regex_constants::match_continuous);
  bool first = true;
  for (const auto& answer : answers_in(received)) {
    const bool is_told = first && sensible;
    if (answer.status < 200) continue;              // 100 Continue
    if (!is_told && answer.status < 400) continue;  // what it answers is somewhere in the bytes
    Json exchange{{"raw", true}, {"response", json_of(answer)}};
    if (is_told) exchange.update({{"method", parts[1].str()}, {"path", parts[2].str()}});
    log->append(exchange);
    first = false;
  }
}

}  // namespace ldt::testing
