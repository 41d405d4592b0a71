// What happened lately to all orders, in order, for readers that each go through it at their own pace.
// Pure. Invariant: an event becomes text once, however many read it; what is beyond the bound is forgotten, oldest
// first.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "services/order/events/order_event.h"
#include "services/order/events/position.h"

namespace ldt::order {

/// As the engine's thread tells it.
struct Happening {
  OrderEvent event;
  OrderView order;       // just after it
  std::int64_t row = 0;  // of the order
  Mark mark;             // just before it
  bool first = false;    // the first that anybody can be told of this order
};

class EventLog {
 public:
  /// @param process  any number that no other process has
  EventLog(std::uint64_t process, std::size_t max_bytes) : process_(process), max_bytes_(max_bytes) {}

  /// Events are numbered without gaps: those from begin() to end(), exclusive, are here.
  [[nodiscard]] std::uint64_t begin() const { return end_ - entries_.size(); }
  [[nodiscard]] std::uint64_t end() const { return end_; }
  [[nodiscard]] const Happening& at(std::uint64_t index) const { return entry(index).happening; }
  /// True where a reader at this position can go on from here without a gap.
  [[nodiscard]] bool reaches(const Position& position) const;

  void add(Happening happening);
  /// Something was not added: nobody can go on from a position before this.
  void interrupt();

  /// The event for a stream; where it is the first of its order, with all that came before.
  [[nodiscard]] const std::string& frame(std::uint64_t index);
  /// All of the order up to this event.
  [[nodiscard]] const std::string& whole(std::uint64_t index);
  /// Where a reader is that has been told everything before `index`.
  [[nodiscard]] Position position(std::uint64_t index) const {
    return {process_, index, index < end_ ? at(index).mark : mark_, {}};
  }
  /// What is known at the end.
  void set_mark(const Mark& mark) { mark_ = mark; }
  [[nodiscard]] const Mark& mark() const { return mark_; }

 private:
  struct Entry {
    Happening happening;
    std::string frame;
    std::string whole;
  };

  /// The `id:` of the event: where a reader is that has been told it, too.
  [[nodiscard]] std::string place_behind(std::uint64_t index) const;
  [[nodiscard]] const Entry& entry(std::uint64_t index) const { return entries_[index - begin()]; }
  [[nodiscard]] Entry& entry(std::uint64_t index) { return entries_[index - begin()]; }
  void forget_oldest();

  std::uint64_t process_;
  std::size_t max_bytes_;
  std::deque<Entry> entries_;
  std::uint64_t end_ = 1;
  Mark mark_;
  std::size_t bytes_ = 0;  // about
};

}  // namespace ldt::order
