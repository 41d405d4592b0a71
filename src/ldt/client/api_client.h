// The public API as the commands use it: JSON in, JSON out, problems as one line.
// Depends on http_client. Invariant: the operator token goes only with calls that need it.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "ldt/arguments.h"
#include "ldt/client/address.h"
#include "ldt/client/http_client.h"

namespace ldt {

struct Answer {
  int status = 0;
  std::string body;         // as it came
  boost::json::value json;  // null where the body is not JSON
  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
};

class ApiClient {
 public:
  enum class As { kUser, kOperator };

  ApiClient(Address address, std::string operator_token)
      : address_(std::move(address)), operator_token_(std::move(operator_token)) {}

  /// A client for a command's target, with the operator token of its data folder if there is one. Where the folder's
  /// supervisor runs, it is patient: a service that nobody reaches is then being restarted.
  [[nodiscard]] static Result<ApiClient> connect(const Target& target);

  [[nodiscard]] Result<Answer> get(const std::string& path, As as = As::kUser) const;
  [[nodiscard]] Result<Answer> post(const std::string& path, const std::string& body, const std::string& key = "",
                                    As as = As::kUser) const;
  [[nodiscard]] Result<Answer> put(const std::string& path, const std::string& body, As as) const;
  /// One object made of all pages, until its array `list` has `limit` entries.
  [[nodiscard]] Result<Answer> get_pages(const std::string& path, std::string_view list, std::int64_t limit) const;

  [[nodiscard]] const Address& address() const { return address_; }
  void set_timeout(std::chrono::milliseconds timeout) { timeout_ = timeout; }

 private:
  [[nodiscard]] Result<Answer> call(HttpRequest request, const std::string& key, As as) const;

  Address address_;
  std::string operator_token_;
  std::chrono::milliseconds timeout_{30'000};
  std::chrono::milliseconds patience_{};  // how long to try to connect
};

/// A problem+json answer in one line, and one more for each field.
[[nodiscard]] std::string describe_problem(const Answer& answer);
/// A key that was never used before.
[[nodiscard]] std::string fresh_key();

/// Makes a call and prints its answer: as JSON if the target says so, else by `show`; says what went wrong otherwise.
/// @return the exit code
int present(const Target& target, const std::function<Result<Answer>(const ApiClient&)>& call,
            const std::function<void(const boost::json::value&)>& show);

}  // namespace ldt
