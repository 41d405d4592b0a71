// Where the public API listens.
// Pure but for reading the data folder. Invariant: a parsed address has a host and a port.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ldt/arguments.h"

namespace ldt {

struct Address {
  std::string host;  // without brackets
  std::string port;

  /// HOST:PORT, with brackets around an IPv6 host.
  [[nodiscard]] std::string text() const;
  /// An address that one can connect to: a wildcard host becomes the loopback's.
  [[nodiscard]] Address reachable() const;
};

/// From HOST:PORT or http://HOST:PORT[/]; nothing otherwise.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);
/// --url, else http.address of the data folder, else LDT_HTTP, else 127.0.0.1:8080.
[[nodiscard]] Result<Address> find_address(const Target& target);

}  // namespace ldt
