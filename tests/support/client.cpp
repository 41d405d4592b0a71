#include "support/client.h"

#include <cctype>
#include <ostream>

#include "support/eventually.h"

namespace ldt::testing {

std::ostream& operator<<(std::ostream& out, const Stock& stock) {
  return out << "price " << stock.price << ", stock " << stock.stock << ", reserved " << stock.reserved << ", sold "
             << stock.sold;
}

Client::Client(std::string host_and_port, std::string operator_token)
    : http_(host_and_port), operator_token_(std::move(operator_token)) {}

Answer Client::send(const std::string& method, const std::string& path, const Headers& headers, const Json& body) {
  return http_.send(method, path, headers, body.is_null() ? "" : body.dump());
}

Json Client::expect(const std::string& method, const std::string& path, const Headers& headers, const Json& body) {
  const auto answer = send(method, path, headers, body);
  if (answer.ok()) return answer.body;
  const std::string said = answer.arrived() ? std::to_string(answer.status) + " " + answer.text : "no answer";
  throw UnexpectedAnswer(method + " " + path + ": " + said);
}

Answer Client::place(const Json& order, Headers headers) {
  headers.emplace("Prefer", "wait=20");
  return http_.send("POST", "/v1/orders", headers, order.dump());
}

Answer Client::place_text(const std::string& body, const std::string& content_type) {
  return http_.send("POST", "/v1/orders", {{"Prefer", "wait=20"}}, body, content_type);
}

Json Client::order(const std::string& id) { return expect("GET", "/v1/orders/" + id); }

Json Client::await_order(const std::string& id, const std::string& what,
                         const std::function<bool(const Json&)>& wanted) {
  Answer answer;
  const auto there = [&] {
    answer = send("GET", "/v1/orders/" + id);
    return answer.status == 200 && wanted(answer.body);  // no answer: the service is being restarted; ask again
  };
  if (!eventually(there)) throw UnexpectedAnswer("order " + id + " did not become " + what + ": " + answer.text);
  return answer.body;
}

Json Client::order_at_its_end(const std::string& id) { return await_order(id, "COMPLETED or REVERTED", is_final); }

Json Client::order_in_state(const std::string& id, const std::string& state) {
  return await_order(id, state, [&](const Json& order) { return order.at("state") == state; });
}

std::vector<Json> Client::all_pages(const std::string& path, const std::string& list) {
  std::vector<Json> all;
  std::string cursor;
  const std::string joint = path.find('?') == std::string::npos ? "?" : "&";
  do {
    const auto page =
        expect("GET", path + joint + "limit=500" + (cursor.empty() ? "" : "&cursor=" + percent_encoded(cursor)));
    for (const auto& item : page.at(list)) all.push_back(item);
    const auto& next = page.at("next_cursor");
    cursor = next.is_null() ? "" : next.get<std::string>();
  } while (!cursor.empty());
  return all;
}

std::vector<Json> Client::orders(const std::string& query) { return all_pages("/v1/orders?" + query, "orders"); }

std::int64_t Client::credits(const std::string& user) {
  return expect("GET", "/v1/accounts/" + percent_encoded(user)).at("credits");
}
std::vector<Json> Client::entries(const std::string& user) {
  return all_pages("/v1/accounts/" + percent_encoded(user), "entries");
}
std::int64_t Client::tokens(const std::string& user) {
  return expect("GET", "/v1/wallets/" + percent_encoded(user)).at("quantity");
}
std::vector<Json> Client::wallet(const std::string& user) {
  return all_pages("/v1/wallets/" + percent_encoded(user), "tokens");
}

Stock Client::stock(const std::string& sku) {
  const auto item = expect("GET", "/v1/inventory/" + sku);
  return {item.at("price"), item.at("stock"), item.at("reserved"), item.at("sold")};
}

void Client::set_price(const std::string& sku, std::int64_t price) {
  expect("PUT", "/v1/inventory/" + sku, operator_headers(), {{"price", price}});
}
void Client::restock(const std::string& sku, std::int64_t quantity) {
  expect("POST", "/v1/inventory/" + sku + "/restock", operator_headers(), {{"quantity", quantity}});
}
void Client::grant(const std::string& user, std::int64_t credits) {
  expect("POST", "/v1/accounts/" + percent_encoded(user) + "/credits", operator_headers(), {{"amount", credits}});
}
Json Client::audit() { return expect("GET", "/v1/audit", operator_headers()); }

Headers Client::operator_headers(Headers more) const {
  more["Authorization"] = "Bearer " + operator_token_;
  return more;
}

std::string percent_encoded(const std::string& text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (std::isalnum(byte) != 0 || character == '-' || character == '.' || character == '_' || character == '~') {
      encoded += character;
    } else {
      encoded.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return encoded;
}

std::string idempotency_key(const std::string& purpose) { return percent_encoded(purpose); }

std::string text_of(const Json& object, const std::string& field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

bool is_final(const Json& order) {
  const auto& state = order.at("state");
  return state == "COMPLETED" || state == "REVERTED";
}

}  // namespace ldt::testing
