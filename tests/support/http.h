// One HTTP connection to the marketplace: requests out, answers in, nothing hidden.
// Depends on cpp-httplib, which stays in http.cpp. Not for several threads at once: each has a connection of its own.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

namespace ldt::testing {

using Json = nlohmann::json;
using Headers = std::map<std::string, std::string>;

struct Answer {
  int status = 0;   // 0: there was no answer
  Headers headers;  // names in lower case
  std::string text;
  Json body;  // null where the text is no JSON

  [[nodiscard]] bool arrived() const { return status != 0; }
  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
  /// Empty where there is none.
  [[nodiscard]] std::string header(const std::string& lower_case_name) const;
};

/// For messages of failed tests.
std::ostream& operator<<(std::ostream& out, const Answer& answer);

class Http {
 public:
  explicit Http(const std::string& host_and_port);
  ~Http();
  Http(Http&&) noexcept;
  Http& operator=(Http&&) noexcept;

  Answer send(const std::string& method, const std::string& path, const Headers& headers = {},
              const std::string& body = "", const std::string& content_type = "application/json");

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

/// Sends bytes as they are over a connection of their own, and returns all that comes back.
std::string send_raw(const std::string& host_and_port, const std::string& bytes,
                     std::chrono::milliseconds patience = std::chrono::seconds(5));

/// A TCP port of the loopback interface that nothing listens on.
int free_port();

}  // namespace ldt::testing
