// What other engines over the same store do, for those who follow: looked for in the store, while somebody does.
// Of one order everything that is stored is told as it appears; of all orders, those that have ended.
// Invariant: an order's end is told once, whoever wrote it.
#include <utility>

#include "services/order/events/event_hub.h"

namespace ldt::order {
namespace {

constexpr std::chrono::milliseconds kLookAtOrders{200};
constexpr std::chrono::milliseconds kLookAtEnds{400};
constexpr WallTime kOverlap{1'500'000};        // the replicas' clocks may differ by this
constexpr std::chrono::seconds kNoLonger{60};  // an end is not found again after so long

Happening happening_of(OrderView order, std::int64_t row, const Mark& mark) {
  auto events = events_of(order);
  Happening happening{events.back(), std::move(order), row, mark, true};
  return happening;
}

}  // namespace

void EventHub::look_elsewhere(SteadyTime now) {
  if (!by_order_.empty() && !looks_at_orders_ && now - looked_at_orders_ >= kLookAtOrders) look_at_orders(now);
  const bool all_followed = readers_.size() > by_order_.size();
  if (!all_followed && !looks_at_ends_) ends_.reset();
  if (all_followed && !looks_at_ends_ && now - looked_at_ends_ >= kLookAtEnds) look_at_ends(now);
}

void EventHub::look_at_orders(SteadyTime now) {
  looked_at_orders_ = now;
  looks_at_orders_ = true;
  std::vector<OrderId> ids;
  for (const auto& [id, reader] : by_order_) {
    if (ids.empty() || ids.back() != id) ids.push_back(id);
  }
  sources_.orders(std::move(ids), [this](Result<std::vector<OrderView>> orders) { post(Seen{std::move(orders)}); });
}

void EventHub::take(Seen& seen) {
  looks_at_orders_ = false;
  if (!seen.orders) return;  // looked for again soon
  for (auto& order : *seen.orders) {
    const auto [first, last] = by_order_.equal_range(order.id);
    if (first == last) continue;
    const Happening happening = happening_of(std::move(order), 0, log_.mark());
    for (auto reader = first; reader != last; ++reader) reader->second->hear(happening);
  }
}

void EventHub::look_at_ends(SteadyTime now) {
  looked_at_ends_ = now;
  // Every order that ends from now on is at or behind the oldest that is open now.
  const EndedQuery from_now{log_.mark().open_from, 0, {clock_.wall().us - kOverlap.us}, {}};
  if (!ends_) {
    ends_ = from_now;
    followed_since_ = clock_.wall();
  }
  next_ends_ = from_now;
  // Rows are in the order of time: none is behind this moment, but for a slow clock's.
  ends_->through = std::numeric_limits<std::int64_t>::max() / 2;
  looks_at_ends_ = true;
  sources_.ended(*ends_, [this](Result<EndedPage> page) { post(EndedElsewhere{std::move(page)}); });
}

void EventHub::take(EndedElsewhere& ended) {
  looks_at_ends_ = false;
  if (!ended.page || !ends_) return;
  for (auto& [row, order] : ended.page->orders) {
    if (told_ends_.contains(order.id)) continue;
    note_end(order.id);
    if (order.finished_at < followed_since_) continue;  // before anybody followed: it is no news
    log_.add(happening_of(std::move(order), row, log_.mark()));
  }
  if (ended.page->next <= ends_->through) {
    ends_->from = ended.page->next;
    looks_at_ends_ = true;
    return sources_.ended(*ends_, [this](Result<EndedPage> page) { post(EndedElsewhere{std::move(page)}); });
  }
  ends_ = next_ends_;
  const SteadyTime now = clock_.steady();
  std::erase_if(told_ends_, [now](const auto& end) { return now - end.second > kNoLonger; });
}

}  // namespace ldt::order
