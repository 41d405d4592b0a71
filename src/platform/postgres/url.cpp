// Takes URLs apart with libpq.
#include "platform/postgres/url.h"

#include <libpq-fe.h>

#include <memory>
#include <sstream>
#include <string_view>
#include <vector>

namespace ldt::postgres {

namespace {

using Parts = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

Parts parse(const std::string& url) { return {PQconninfoParse(url.c_str(), nullptr), &PQconninfoFree}; }

std::string value_of(const Parts& parts, std::string_view keyword) {
  for (const PQconninfoOption* part = parts.get(); part->keyword != nullptr; ++part) {
    if (part->keyword == keyword && part->val != nullptr) return part->val;
  }
  return {};
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> items;
  std::istringstream stream(list);
  for (std::string item; std::getline(stream, item, ',');) items.push_back(item);
  return items;
}

}  // namespace

ldt::Result<void> check_url(const std::string& url) {
  const bool is_url = url.starts_with("postgresql://") || url.starts_with("postgres://");
  if (is_url && parse(url)) return {};
  return failure(ErrorKind::kInvalid, "not a URL like postgresql://USER[:PASSWORD]@HOST:PORT/DATABASE");
}

std::string place_of(const std::string& url) {
  const Parts parts = parse(url);
  if (!parts) return "PostgreSQL";
  const std::string host = value_of(parts, "host");
  const auto hosts = split(host.empty() ? value_of(parts, "hostaddr") : host);
  const auto ports = split(value_of(parts, "port"));
  std::string place;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (i > 0) place += ',';
    place += hosts[i];
    if (!ports.empty()) place += ':' + (ports.size() > i ? ports[i] : ports.back());
  }
  return place + '/' + value_of(parts, "dbname");
}

}  // namespace ldt::postgres
