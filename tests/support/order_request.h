// What a test asks for when it places an order, and how that looks on the wire.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "support/http.h"

namespace ldt::testing {

struct Failure {
  std::string step;
  std::string kind;
  std::string effect = "NONE";
  std::optional<int> attempts;
  std::optional<int> delay_ms;
};

struct Handling {
  int max_attempts = 3;
  int step_timeout_ms = 500;
  std::string on_failure = "REVERT";
};

struct OrderRequest {
  std::string user;
  std::string sku;
  std::int64_t quantity = 1;
  std::optional<std::int64_t> max_unit_price;
  std::vector<Failure> failures;
  Handling handling;

  [[nodiscard]] Json json() const;
};

/// As on the command line: "payment.charge=TIMEOUT:applied:n=2".
std::string to_string(const Failure& failure);
/// The failures and what is special about the handling, for the names and messages of table-driven tests.
std::string describe(const OrderRequest& request);

}  // namespace ldt::testing
