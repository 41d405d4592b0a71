#include "services/order/events/reader.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace ldt::order {
namespace {

constexpr std::string_view kReconnectSoon = "retry: 1000\n";
constexpr std::string_view kStillHere = ": still here\n";
constexpr std::int64_t kLastRow = std::numeric_limits<std::int64_t>::max() / 2;
constexpr WallTime kClockSlack{10'000'000};  // the machine's clock may have been set back by so much meanwhile

}  // namespace

// --- any reader ---

void EventReader::begin() {
  begun_ = true;
  sink_->begin();
}

bool EventReader::serve(EventLog& log, SteadyTime now) {
  if (!begun_) start(log);
  if (!begun_) return true;
  if (lags(log)) {
    sink_->cut_off();
    return false;
  }
  if (under_way_) return true;
  std::string part;
  const auto say = [&](std::string_view what) {
    part += what;
    append_place(log, part);
    part.push_back('\n');
  };
  if (last_written_ == SteadyTime{}) say(kReconnectSoon);
  const bool more = fill(log, part, now);
  if (part.empty() && now - last_written_ >= kSilence) say(kStillHere);
  if (!part.empty()) {
    sink_->write(std::move(part));
    under_way_ = true;
    last_written_ = now;
  }
  if (!more) sink_->end();
  return more;
}

// --- one order ---

void OrderReader::hear(const Happening& happening) {
  if (!begun()) {
    heard_.push_back(happening);
  } else if (happening.first || told_twice_) {
    tell_heard(happening, {});
  } else {
    tell(happening.event, happening.order);
  }
}

bool OrderReader::show(const Result<OrderView>& order) {
  if (!order) {
    sink().refuse(order.error());
    return false;
  }
  const auto events = events_of(*order);
  const auto seen = std::find_if(events.begin(), events.end(),
                                 [&](const OrderEvent& event) { return event_id(event, *order) == after_; });
  if (seen != events.end() && is_end(seen->kind)) {
    sink().nothing_more();
    return false;
  }
  begin();
  for (const OrderEvent& event : events) told_.insert(event_id(event, *order));
  for (auto event = seen == events.end() ? events.begin() : seen + 1; event != events.end(); ++event) {
    tell(*event, *order);
  }
  for (const Happening& happening : heard_) tell_heard(happening, events.back().at);
  heard_ = {};
  if (!told_twice_) told_ = {};
  return true;
}

/// Tells what was not shown; of what happened before `after`, the end alone.
void OrderReader::tell_heard(const Happening& happening, WallTime after) {
  const auto once = [&](const OrderEvent& event) {
    if (!is_end(event.kind) && event.at < after) return;
    if (told_.insert(event_id(event, happening.order)).second) tell(event, happening.order);
  };
  if (!happening.first) return once(happening.event);
  for (const OrderEvent& event : events_of(happening.order)) once(event);
}

void OrderReader::tell(const OrderEvent& event, const OrderView& order) {
  if (ended_) return;
  append_frame(backlog_, event_id(event, order), event, order);
  ended_ = is_end(event.kind);
}

bool OrderReader::fill(EventLog&, std::string& part, SteadyTime) {
  part.append(backlog_, 0, kPartBytes);
  backlog_.erase(0, kPartBytes);
  return !ended_ || !backlog_.empty();
}

// --- all orders ---

void AllReader::start(EventLog& log) {
  begin();
  if (wish_.after) {
    go_on_from(*wish_.after, log);
  } else {
    follow_from(log.end(), log.mark().newest);
  }
}

/// In the log where it reaches back so far, otherwise from the database.
void AllReader::go_on_from(const Position& place, const EventLog& log) {
  if (log.reaches(place)) {
    follow_from(place.next, place.mark.newest);
  } else {
    catch_up_from(place, log);
  }
}

void AllReader::follow_from(std::uint64_t next, std::int64_t begun_through) {
  const auto owed = wish_.after ? wish_.after->mark.newest : 0;
  follower_.emplace(Follower::Options{wish_.user, wish_.max_rate, owed, begun_through});
  next_ = next;
  catch_up_.reset();
}

void AllReader::catch_up_from(const Position& after, const EventLog& log) {
  // A limited reader is owed what it may have been told of; later orders are left out, as a whole.
  const auto newest = ask_.shared ? kLastRow : log.mark().newest;
  const auto through = wish_.max_rate ? std::min(newest, wish_.after->mark.newest) : newest;
  CatchUp catch_up{log.position(log.end()), {}, {}};
  catch_up.ranges.push_back({after.mark.open_from, through, after.mark.since, true});
  if (after.told) {
    const auto before = std::min(through, after.mark.open_from - 1);
    catch_up.ranges.push_back({after.told->open_from, before, after.told->since, false});
  }
  catch_up_ = std::move(catch_up);
  ask_.waiting();
}

void AllReader::wait_now(std::vector<OrderView> orders) {
  if (wish_.user) std::erase_if(orders, [this](const OrderView& order) { return order.user != *wish_.user; });
  catch_up_->waiting = std::move(orders);
  catch_up_->told = 0;
  if (catch_up_->waiting.empty()) read_on();
}

void AllReader::tell_waiting(std::string& part) {
  auto& told = catch_up_->told;
  const auto& orders = catch_up_->waiting;
  const std::string place = to_string(*wish_.after);
  for (; told < orders.size() && part.size() < kPartBytes; ++told) {
    for (const OrderEvent& event : events_of(orders[told])) append_frame(part, place, event, orders[told]);
  }
  if (told < orders.size()) return;
  catch_up_->waiting.clear();
  read_on();
}

/// Reads the next page; where there is none, leaves no range.
void AllReader::read_on() {
  auto& ranges = catch_up_->ranges;
  while (!ranges.empty() && ranges.back().from > ranges.back().through) ranges.pop_back();
  if (ranges.empty()) return;
  const Range& range = ranges.back();
  ask_.ended({range.from, range.through, {range.since.us - kClockSlack.us}, wish_.user});
}

bool AllReader::missed(Result<EndedPage> page) {
  if (!page) return false;
  catch_up_->page = std::move(*page);
  catch_up_->told = 0;
  return true;
}

/// Where a reader is that has been told of the orders before `row`.
std::string AllReader::place_at(std::int64_t row) const {
  const Range& range = catch_up_->ranges.back();
  if (!range.places) return to_string(*wish_.after);
  Position place = *wish_.after;
  place.mark = {range.since, row, wish_.after->mark.newest};
  place.told = catch_up_->log_place.mark;
  return to_string(place);
}

/// Tells whole orders; the place behind an order's last event is behind the order.
void AllReader::tell_missed(std::string& part) {
  auto& told = catch_up_->told;
  const auto& orders = catch_up_->page->orders;
  for (; told < orders.size() && part.size() < kPartBytes; ++told) {
    const auto& [row, order] = orders[told];
    const auto events = events_of(order);
    const std::string before = place_at(row);
    const std::string behind = place_at(row + 1);
    for (const OrderEvent& event : events) {
      append_frame(part, &event == &events.back() ? behind : before, event, order);
    }
  }
  if (told < orders.size()) return;
  catch_up_->ranges.back().from = std::exchange(catch_up_->page, {})->next;
  read_on();
}

bool AllReader::fill(EventLog& log, std::string& part, SteadyTime now) {
  if (catch_up_ && !catch_up_->waiting.empty()) tell_waiting(part);
  if (catch_up_ && catch_up_->page) tell_missed(part);
  if (catch_up_ && catch_up_->ranges.empty()) go_on_from(Position(catch_up_->log_place), log);
  if (catch_up_) return true;
  for (; next_ < log.end() && part.size() < kPartBytes; ++next_) {
    const Happening& happening = log.at(next_);
    switch (follower_->hear(happening.event.kind, happening.row, happening.order.user, now)) {
      case Telling::kNothing:
        break;
      case Telling::kEvent:
        part += log.frame(next_);
        break;
      case Telling::kFromTheBeginning:
        part += log.whole(next_);
        break;
    }
  }
  return true;
}

void AllReader::append_place(const EventLog& log, std::string& part) const {
  const Position place = catch_up_ ? *wish_.after : log.position(next_);
  part.append("id: ").append(to_string(place)).append("\n");
}

}  // namespace ldt::order
