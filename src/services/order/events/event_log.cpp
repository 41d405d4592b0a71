#include "services/order/events/event_log.h"

#include <algorithm>
#include <utility>

namespace ldt::order {
namespace {

std::size_t bytes_of(const Happening& happening) {
  return sizeof(Happening) + 128 + happening.order.attempts.size() * sizeof(Attempt) +
         happening.order.failures.size() * sizeof(StruckInstruction);
}

}  // namespace

bool EventLog::reaches(const Position& position) const {
  return position.process == process_ && !position.told && position.next >= begin() && position.next <= end();
}

void EventLog::add(Happening happening) {
  bytes_ += bytes_of(happening);
  entries_.push_back({std::move(happening), {}, {}});
  ++end_;
  while (bytes_ > max_bytes_ && entries_.size() > 1) forget_oldest();
}

void EventLog::forget_oldest() {
  const Entry& oldest = entries_.front();
  bytes_ -= bytes_of(oldest.happening) + oldest.frame.size() + oldest.whole.size();
  entries_.pop_front();
}

void EventLog::interrupt() {
  entries_.clear();
  entries_.shrink_to_fit();
  bytes_ = 0;
  ++end_;
}

// With the mark from before it, which names the order itself as not ended yet: after a restart its end is told again.
std::string EventLog::place_behind(std::uint64_t index) const {
  const Happening& happening = at(index);
  Position place{process_, index + 1, happening.mark, {}};
  place.mark.newest = std::max(place.mark.newest, happening.row);
  return to_string(place);
}

const std::string& EventLog::frame(std::uint64_t index) {
  Entry& found = entry(index);
  const Happening& happening = found.happening;
  if (happening.first) return whole(index);
  if (found.frame.empty()) {
    append_frame(found.frame, place_behind(index), happening.event, happening.order);
    bytes_ += found.frame.size();
  }
  return found.frame;
}

const std::string& EventLog::whole(std::uint64_t index) {
  Entry& found = entry(index);
  const Happening& happening = found.happening;
  if (!found.whole.empty()) return found.whole;
  const std::string before = to_string(position(index));
  for (auto& event : events_of(happening.order)) {
    const bool last = event_id(event, happening.order) == event_id(happening.event, happening.order);
    append_frame(found.whole, last ? place_behind(index) : before, last ? happening.event : event, happening.order);
  }
  bytes_ += found.whole.size();
  return found.whole;
}

}  // namespace ldt::order
