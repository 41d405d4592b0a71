#include "ldt/processes/marketplace.h"

#include "ldt/output/json_access.h"

namespace ldt {
namespace {

constexpr std::chrono::seconds kProbeTimeout{1};  // the supervisor notices nothing else meanwhile
constexpr const char* kSku = "/v1/inventory/late-day";
constexpr const char* kPrice = R"({"price":10})";
constexpr const char* kStock = R"({"quantity":500})";
constexpr const char* kSeedKey = "seed";  // a second restock under this key adds nothing

}  // namespace

Marketplace::Marketplace(const DataFolder& data, const Address& http)
    : data_(data), api_(http.reachable(), DataFolder::read_operator_token(data.path())) {
  api_.set_timeout(kProbeTimeout);
}

bool Marketplace::become_ready() {
  if (!is_ready()) return false;
  if (lacks_ && !(waits_for_ = lacks_()).empty()) return false;
  return !data_.needs_seed() || seed();
}

bool Marketplace::is_ready() {
  const auto answer = api_.get("/readyz");
  if (!answer) {
    waits_for_ = "the order service";
    return false;
  }
  if (answer->status == 200) return true;
  std::string parts;
  if (const auto* members = json::object(answer->json, "parts").if_object()) {
    for (const auto& part : *members) {
      const auto* ready = part.value().if_bool();
      if (ready == nullptr || !*ready) parts += (parts.empty() ? "" : ", ") + std::string(part.key());
    }
  }
  waits_for_ = parts.empty() ? "/readyz (" + std::to_string(answer->status) + ")" : parts;
  return false;
}

bool Marketplace::seed() {
  if (!accepted(api_.put(kSku, kPrice, ApiClient::As::kOperator))) return false;
  if (!accepted(api_.post(std::string(kSku) + "/restock", kStock, kSeedKey, ApiClient::As::kOperator))) return false;
  data_.mark_seeded();
  return true;
}

bool Marketplace::accepted(const Result<Answer>& answer) {
  if (answer && answer->ok()) return true;
  waits_for_ = "its first stock: " + (answer ? describe_problem(*answer) : answer.error().detail);
  return false;
}

}  // namespace ldt
