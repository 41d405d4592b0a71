// The public API as a test sees it: raw answers where the answer is what is tested, plain values where it is not.
// A helper that returns a plain value throws UnexpectedAnswer where the API says anything but 2xx.
#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/http.h"
#include "support/order_request.h"

namespace ldt::testing {

struct UnexpectedAnswer : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Stock {
  std::int64_t price = 0, stock = 0, reserved = 0, sold = 0;
  friend bool operator==(const Stock&, const Stock&) = default;
};
std::ostream& operator<<(std::ostream& out, const Stock& stock);

class Client {
 public:
  Client(std::string host_and_port, std::string operator_token);

  // --- orders ---
  /// With `Prefer: wait=20` unless `headers` has one.
  Answer place(const Json& order, Headers headers = {});
  Answer place(const OrderRequest& order, Headers headers = {}) { return place(order.json(), std::move(headers)); }
  Answer place_text(const std::string& body, const std::string& content_type = "application/json");
  Answer cancel(const std::string& id) { return send("POST", "/v1/orders/" + id + "/cancel"); }
  Answer retry(const std::string& id) { return send("POST", "/v1/orders/" + id + "/retry"); }
  Json order(const std::string& id);
  /// The order once it is COMPLETED or REVERTED.
  Json order_at_its_end(const std::string& id);
  Json order_in_state(const std::string& id, const std::string& state);
  /// All orders that fit the query ("user=...&state=..."), newest first, over as many pages as it takes.
  std::vector<Json> orders(const std::string& query);

  // --- what is where ---
  std::int64_t credits(const std::string& user);
  std::vector<Json> entries(const std::string& user);  // of the ledger, newest first, all pages
  std::int64_t tokens(const std::string& user);
  std::vector<Json> wallet(const std::string& user);  // the tokens, all pages
  Stock stock(const std::string& sku);

  // --- the operator ---
  void set_price(const std::string& sku, std::int64_t price);
  void restock(const std::string& sku, std::int64_t quantity);
  void grant(const std::string& user, std::int64_t credits);
  Json audit();
  [[nodiscard]] Headers operator_headers(Headers more = {}) const;

  Answer send(const std::string& method, const std::string& path, const Headers& headers = {},
              const Json& body = nullptr);
  Http& http() { return http_; }

 private:
  Json await_order(const std::string& id, const std::string& what, const std::function<bool(const Json&)>& wanted);
  Json expect(const std::string& method, const std::string& path, const Headers& headers = {},
              const Json& body = nullptr);
  std::vector<Json> all_pages(const std::string& path, const std::string& list);

  Http http_;
  std::string operator_token_;
};

[[nodiscard]] std::string percent_encoded(const std::string& text);
/// A key that says what it is for, of characters that a key may have.
[[nodiscard]] std::string idempotency_key(const std::string& purpose);
/// A member that is text; empty where it is missing or null.
[[nodiscard]] std::string text_of(const Json& object, const std::string& field);
[[nodiscard]] bool is_final(const Json& order);

}  // namespace ldt::testing
