// Writes down what went over HTTP, for the check against the API's description (contract/): one JSON object a line, in
// LDT_EXCHANGES/<process id>.jsonl where the environment names such a folder; nothing at all otherwise.
// For any number of threads and processes. Invariant: a line is written whole, by one write().
#pragma once

#include <string>
#include <vector>

#include "support/http.h"

namespace ldt::testing {

/// What an Http client sent; its body may be any bytes.
struct Sent {
  std::string method;
  std::string path;  // with the query
  Headers headers;   // names in lower case
  std::string body;
};

void record_exchange(const Sent& sent, const Answer& answer);

/// For bytes sent as they are: only the method and path of a request line that has both are written down, and the
/// answer is marked as one to a request that need not be HTTP.
void record_raw_exchange(const std::string& sent, const std::string& received);

/// The answers in what came back over one connection; one that is cut off ends the list.
[[nodiscard]] std::vector<Answer> answers_in(const std::string& received);

[[nodiscard]] Answer answer_of(int status, Headers lower_case_headers, std::string text);
[[nodiscard]] std::string lower_case(std::string text);

}  // namespace ldt::testing
