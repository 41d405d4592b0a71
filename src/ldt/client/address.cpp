#include "ldt/client/address.h"

#include <cstdlib>

#include "ldt/processes/data_folder.h"

namespace ldt {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::string_view kDefault = "127.0.0.1:8080";

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || text.find_first_not_of("0123456789") != std::string_view::npos) return false;
  return std::atoi(std::string(text).c_str()) <= 65535;
}

}  // namespace

std::string Address::text() const {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port;
}

Address Address::reachable() const {
  if (host == "0.0.0.0") return {"127.0.0.1", port};
  if (host == "::") return {"::1", port};
  return *this;
}

std::optional<Address> parse_address(std::string_view text) {
  if (text.substr(0, kScheme.size()) == kScheme) text.remove_prefix(kScheme.size());
  if (!text.empty() && text.back() == '/') text.remove_suffix(1);
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || !is_port(text.substr(colon + 1))) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host.empty() || host.find_first_of("/ @[]") != std::string_view::npos) return std::nullopt;
  return Address{std::string(host), std::string(text.substr(colon + 1))};
}

Result<Address> find_address(const Target& target) {
  std::string text = target.url;
  if (text.empty()) text = DataFolder::read_address(target.data_folder);
  if (text.empty()) {
    const char* environment = std::getenv("LDT_HTTP");
    text = environment != nullptr && *environment != '\0' ? environment : kDefault;
  }
  const auto address = parse_address(text);
  if (!address) return failure(ErrorKind::kInvalid, "'" + text + "' is not HOST:PORT");
  return address->reachable();
}

}  // namespace ldt
