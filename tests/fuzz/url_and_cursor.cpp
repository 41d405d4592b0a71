// Any bytes as percent-encoded text, a query, base64url or a list's cursor: read and written again they are the same.
// Depends on platform/http's url and the order service's cursors.
#include <string>

#include "fuzz/require.h"
#include "platform/http/url.h"
#include "services/order/http/cursor.h"

namespace {

using namespace ldt;

void check_url(std::string_view text) {
  REQUIRE(http::percent_decoded(http::percent_encoded(text)) == text);
  REQUIRE(http::base64url_decoded(http::base64url(text)) == text);
  if (const auto bytes = http::base64url_decoded(text)) REQUIRE(http::base64url(*bytes) == text);
  const auto parameters = http::parse_query(text);
  if (!parameters) return;
  std::string query;
  for (const auto& [name, value] : *parameters) {
    query += http::percent_encoded(name) + "=" + http::percent_encoded(value) + "&";
  }
  REQUIRE(http::parse_query(query) == parameters);
}

/// Counts the lists that take the cursor: one at most.
int check_cursor(std::string_view text) {
  int lists = 0;
  if (const auto place = order::parse_order_cursor(text)) {
    REQUIRE(order::parse_order_cursor(order::order_cursor(*place)) == place);
    ++lists;
  }
  if (const auto place = order::parse_entry_cursor(text)) {
    REQUIRE(order::parse_entry_cursor(order::entry_cursor(*place)) == place);
    ++lists;
  }
  if (const auto place = order::parse_token_cursor(text)) {
    REQUIRE(place->skip >= 0);
    REQUIRE(order::parse_token_cursor(order::token_cursor(*place)) == place);
    ++lists;
  }
  if (const auto place = order::parse_sku_cursor(text)) {
    REQUIRE(order::sku_cursor(place->text()) == text);
    ++lists;
  }
  return lists;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto text = ldt::fuzz::text_of(data, size);
  check_url(text);
  REQUIRE(check_cursor(text) <= 1);
  REQUIRE(check_cursor(http::base64url(text)) <= 1);  // so that the fuzzer need not find base64 by itself
  return 0;
}
