#include "support/load.h"

#include <algorithm>

#include "support/eventually.h"

namespace ldt::testing {

Load::Load(const Marketplace& market, const std::vector<std::string>& users, std::string sku)
    : market_(market), sku_(std::move(sku)) {
  for (const auto& user : users) clients_.emplace_back([this, user] { place_orders(user); });
}

void Load::stop() {
  stopping_ = true;
  clients_.clear();
}

void Load::place_orders(const std::string& user) {
  Client client = market_.client();
  for (int number = 0; !stopping_; ++number) {
    place_one(client, {.user = user, .sku = sku_}, idempotency_key(user + "#" + std::to_string(number)));
  }
}

void Load::place_one(Client& client, const OrderRequest& request, const std::string& key) {
  Answer answer;
  const auto answered = [&] {
    answer = client.place(request, {{"Idempotency-Key", key}});
    // No connection, not ready, or the first request is still being accepted: a client asks again.
    const bool ask_again = !answer.arrived() || answer.status == 503 || answer.status == 409;
    return !ask_again;
  };
  const bool in_time = eventually(answered, std::chrono::seconds(60));
  const std::lock_guard lock(mutex_);
  if (!in_time || !answer.ok()) {
    surprises_.push_back(key + ": " +
                         (answer.arrived() ? std::to_string(answer.status) + " " + answer.text : "no answer"));
    return;
  }
  acknowledged_[key] = answer.body.at("id");
  ++count_;
}

}  // namespace ldt::testing
