#include "services/order/http/request_headers.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "services/order/http/problems.h"

namespace ldt::order {
namespace {

constexpr std::size_t kMaxKeyBytes = 255;

bool is_visible(char c) { return c > 0x20 && c < 0x7F; }

/// The content of a structured-field string (RFC 8941, 3.3.3).
std::optional<std::string> unquoted(std::string_view text) {
  if (text.size() < 2 || text.back() != '"') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') return std::nullopt;
    if (text[i] == '\\') {
      ++i;
      if (i == text.size() || (text[i] != '"' && text[i] != '\\')) return std::nullopt;
    }
    out.push_back(text[i]);
  }
  return out;
}

/// All of `text` as a decimal number.
template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

/// N of one preference "wait=N" (RFC 7240); larger than 64 bits counts as the largest.
std::optional<std::chrono::seconds> wait_of(std::string_view preference) {
  preference = http::trimmed(preference.substr(0, preference.find(';')));
  const auto equals = preference.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  if (!http::equal_ignoring_case(http::trimmed(preference.substr(0, equals)), "wait")) return std::nullopt;
  std::string_view digits = http::trimmed(preference.substr(equals + 1));
  if (digits.size() >= 2 && digits.front() == '"' && digits.back() == '"') digits = digits.substr(1, digits.size() - 2);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return std::min(kMaxWait, std::chrono::seconds(number<std::uint32_t>(digits).value_or(UINT32_MAX)));
}

}  // namespace

Checked<std::string> idempotency_key(const http::Request& request) {
  constexpr std::string_view kName = "Idempotency-Key";
  const auto header = request.header(kName);
  if (!header) return std::string();
  if (request.count(kName) > 1) return tl::unexpected(invalid_parameter(std::string(kName), "must be sent once"));
  auto key = header->starts_with('"') ? unquoted(*header) : std::optional(std::string(*header));
  if (!key || key->empty() || key->size() > kMaxKeyBytes || !std::all_of(key->begin(), key->end(), is_visible)) {
    return tl::unexpected(invalid_parameter(std::string(kName), "must be 1 to 255 visible ASCII characters"));
  }
  return std::move(*key);
}

std::optional<std::chrono::seconds> preferred_wait(const http::Request& request) {
  for (const auto& header : request.headers) {
    if (!http::equal_ignoring_case(header.name, "Prefer")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const auto preference = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), preference.size() + 1));
      if (const auto wait = wait_of(preference)) return wait;
    }
  }
  return std::nullopt;
}

std::optional<TraceContext> caller_trace(const http::Request& request) {
  const auto header = request.header("traceparent");
  if (!header || request.count("traceparent") > 1) return std::nullopt;
  return TraceContext::parse(*header);
}

std::optional<http::Problem> check_content_type(const http::Request& request) {
  const auto header = request.header("Content-Type");
  if (!header) return std::nullopt;
  const auto media_type = http::trimmed(header->substr(0, header->find(';')));
  if (http::equal_ignoring_case(media_type, http::content_type::kJson)) return std::nullopt;
  return http::Problem{problem_type::kUnsupportedMediaType, "send the body as application/json", {}, {}};
}

bool bears_token(const http::Request& request, std::string_view token) {
  constexpr std::string_view kScheme = "Bearer ";
  const auto header = request.header("Authorization");
  if (!header || token.empty() || request.count("Authorization") > 1 || header->size() <= kScheme.size()) return false;
  if (!http::equal_ignoring_case(header->substr(0, kScheme.size()), kScheme)) return false;
  const auto given = http::trimmed(header->substr(kScheme.size()));
  if (given.size() != token.size()) return false;
  volatile unsigned char difference = 0;  // volatile: the loop must not stop at the first difference
  for (std::size_t i = 0; i < token.size(); ++i) {
    difference = difference | static_cast<unsigned char>(given[i] ^ token[i]);
  }
  return difference == 0;
}

QueryReader::QueryReader(const http::Request& request) {
  auto parameters = http::parse_query(request.query);
  if (parameters) {
    parameters_ = std::move(*parameters);
  } else {
    problem_ = http::Problem{problem_type::kInvalidParameter, "the query is not valid percent-encoding", {}, {}};
  }
}

std::optional<std::string> QueryReader::text(std::string_view name) {
  const auto is_it = [&](const auto& parameter) { return parameter.first == name; };
  const auto found = std::find_if(parameters_.begin(), parameters_.end(), is_it);
  if (found == parameters_.end()) return std::nullopt;
  std::string value = std::move(found->second);
  parameters_.erase(found);
  if (std::any_of(parameters_.begin(), parameters_.end(), is_it)) complain(name, "must be given once");
  return value;
}

std::uint32_t QueryReader::integer(std::string_view name, std::uint32_t min, std::uint32_t max,
                                   std::uint32_t fallback) {
  const auto read = [&](std::string_view value) {
    const auto parsed = number<std::uint32_t>(value);
    return parsed && *parsed >= min && *parsed <= max ? parsed : std::nullopt;
  };
  return parsed(name, read, "must be " + std::to_string(min) + " to " + std::to_string(max)).value_or(fallback);
}

std::optional<http::Problem> QueryReader::problem() {
  if (!parameters_.empty()) complain(parameters_.front().first, "is not a parameter of this call");
  return problem_;
}

void QueryReader::complain(std::string_view name, std::string_view detail) {
  if (!problem_) problem_ = invalid_parameter(std::string(name), std::string(detail));
}

}  // namespace ldt::order
