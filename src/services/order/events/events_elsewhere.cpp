// What other engines over the same store do, for those who follow: looked for in the store, while somebody does.
// What is stored is told as it appears: that an order was accepted, is held, is reverted, is stuck, has ended.
// Invariant: an order's end is told once, whoever wrote it; what came before it, once while it is remembered.
#include <algorithm>
#include <utility>

#include "services/order/events/event_hub.h"

namespace ldt::order {
namespace {

constexpr std::chrono::milliseconds kLookAtOrders{200};
constexpr std::chrono::milliseconds kLookAtEnds{400};
constexpr std::chrono::milliseconds kLookAtOpen{250};
constexpr WallTime kOverlap{1'500'000};        // the replicas' clocks may differ by this
constexpr std::chrono::seconds kNoLonger{60};  // an end is not found again after so long

Happening happening_of(OrderView order, std::int64_t row, const Mark& mark) {
  auto events = events_of(order);
  Happening happening{events.back(), std::move(order), row, mark, true};
  return happening;
}

/// The order when events[at] had happened, and nothing later.
OrderView just_after(const OrderView& order, const std::vector<OrderEvent>& events, std::size_t at) {
  OrderView then = order;
  if (at + 1 == events.size()) return then;
  const auto until = events.begin() + static_cast<std::ptrdiff_t>(at) + 1;
  auto steps = std::count_if(events.begin(), until, [](const auto& event) { return event.kind == EventKind::kStep; });
  const auto behind = std::find_if(then.attempts.begin(), then.attempts.end(), [&steps](const Attempt& attempt) {
    return attempt.outcome != saga::Outcome::kNone && --steps < 0;
  });
  then.attempts.erase(behind, then.attempts.end());
  const bool reverting =
      std::any_of(events.begin(), until, [](const auto& event) { return event.kind == EventKind::kReverting; });
  then.state = reverting ? saga::OrderState::kReverting : saga::OrderState::kRunning;
  then.stuck = false;
  return then;
}

}  // namespace

void EventHub::look_elsewhere(SteadyTime now) {
  if (!by_order_.empty() && !looks_at_orders_ && now - looked_at_orders_ >= kLookAtOrders) look_at_orders(now);
  const bool all_followed = readers_.size() > by_order_.size();
  if (!all_followed && !looks_at_ends_) {
    ends_.reset();
    told_.clear();
  }
  if (all_followed && !looks_at_ends_ && now - looked_at_ends_ >= kLookAtEnds) look_at_ends(now);
  if (all_followed && !looks_at_open_ && now - looked_at_open_ >= kLookAtOpen) look_at_open(now);
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
    const bool begun = told_.contains(order.id);
    if (begun) tell_rest(order, row);
    note_end(order.id);
    if (begun || order.finished_at < followed_since_) continue;  // before anybody followed: it is no news
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
  std::erase_if(told_, [now](const auto& told) { return now - told.second.seen > kNoLonger; });
}

// --- orders that have not ended ---

void EventHub::look_at_open(SteadyTime now) {
  looked_at_open_ = now;
  looks_at_open_ = true;
  sources_.open([this](Result<std::vector<EndedPage::Order>> orders) { post(OpenElsewhere{std::move(orders)}); });
}

void EventHub::take(OpenElsewhere& open) {
  looks_at_open_ = false;
  if (!open.orders || !ends_) return;
  for (const auto& [row, order] : *open.orders) {
    if (!told_ends_.contains(order.id) && !is_own(row)) tell_rest(order, row);
  }
}

bool EventHub::is_own(std::int64_t row) {
  const std::lock_guard lock(mutex_);
  return open_.contains(row);
}

/// Of this engine's orders, too: another may drive them later.
void EventHub::note_told(const Happening& happening) {
  const OrderView& order = happening.order;
  if (is_end(happening.event.kind)) return note_end(order.id);
  if (!ends_) return;
  Told& told = told_[order.id];
  told.seen = clock_.steady();
  told.events.insert(event_id(happening.event, order));
  if (!happening.first) return;
  for (const OrderEvent& event : events_of(order)) told.events.insert(event_id(event, order));
}

/// What was before anybody followed is no news.
void EventHub::tell_rest(const OrderView& order, std::int64_t row) {
  Told& told = told_[order.id];
  told.seen = clock_.steady();
  const bool all_is_news = told.events.empty() && order.created_at >= followed_since_;
  const auto events = events_of(order);
  for (std::size_t i = 0; i < events.size(); ++i) {
    const bool news = told.events.insert(event_id(events[i], order)).second && events[i].at >= followed_since_;
    if (news && !all_is_news) log_.add({events[i], just_after(order, events, i), row, log_.mark(), false});
  }
  if (all_is_news) log_.add(happening_of(order, row, log_.mark()));
}

void EventHub::note_end(const OrderId& id) {
  told_ends_[id] = clock_.steady();
  told_.erase(id);
}

}  // namespace ldt::order
