#include "saga/vocabulary.h"

#include "base/check.h"

namespace ldt::saga {
namespace {

constexpr std::array<std::string_view, kStepCount> kStepNames{
    "order.accept",    "payment.charge",    "inventory.reserve", "delivery.deliver",
    "delivery.revoke", "inventory.release", "payment.refund",    "order.finish"};
constexpr std::array<std::string_view, 5> kStateNames{"RUNNING", "HELD", "REVERTING", "COMPLETED", "REVERTED"};
constexpr std::array<std::string_view, 8> kOutcomeNames{
    "", "SUCCESS", "INSUFFICIENT_FUND", "INSUFFICIENT_INVENTORY", "TIMEOUT", "UNKNOWN", "UNDELIVERABLE", "CANCELLED"};
constexpr std::array<std::string_view, 3> kParticipantNames{"payment", "inventory", "delivery"};

template <class Names, class Enum>
std::string_view name_of(const Names& names, Enum value) {
  const auto index = static_cast<std::size_t>(value);
  CHECK(index < names.size());
  return names[index];
}

template <class Enum, class Names>
std::optional<Enum> find(const Names& names, std::string_view text) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!text.empty() && names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Step step) { return name_of(kStepNames, step); }
std::string_view to_string(OrderState state) { return name_of(kStateNames, state); }
std::string_view to_string(Outcome outcome) { return name_of(kOutcomeNames, outcome); }
std::string_view to_string(Participant participant) { return name_of(kParticipantNames, participant); }
std::optional<Step> parse_step(std::string_view text) { return find<Step>(kStepNames, text); }
std::optional<OrderState> parse_order_state(std::string_view text) { return find<OrderState>(kStateNames, text); }
std::optional<Outcome> parse_outcome(std::string_view text) { return find<Outcome>(kOutcomeNames, text); }

}  // namespace ldt::saga
