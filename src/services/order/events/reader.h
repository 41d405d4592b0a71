// One reader of events: what it is told next, and what it still waits for.
// Used by the hub's thread alone. Invariant: at most kPartBytes are on the way to it; what follows waits here, bounded,
// or in the log that all share.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "services/order/events/ended_orders.h"
#include "services/order/events/event_log.h"
#include "services/order/events/event_sink.h"
#include "services/order/events/follower.h"

namespace ldt::order {

class EventReader {
 public:
  static constexpr std::size_t kPartBytes = 64 * 1024;
  static constexpr std::size_t kMostBacklog = 256 * 1024;
  static constexpr std::chrono::seconds kSilence{15};  // after so long a comment shows that the stream still lives

  explicit EventReader(std::unique_ptr<EventSink> sink) : sink_(std::move(sink)) {}
  virtual ~EventReader() = default;

  /// What was written is on its way.
  void drained() { under_way_ = false; }
  /// Writes what there is to tell, if the last part is on its way. False where the reader is done with.
  bool serve(EventLog& log, SteadyTime now);
  EventSink& sink() { return *sink_; }

 protected:
  void begin();
  /// The first thing that is asked; a reader that cannot begin yet does not.
  virtual void start(EventLog&) {}
  [[nodiscard]] bool begun() const { return begun_; }
  /// Adds what comes next. False: there will never be more.
  virtual bool fill(EventLog& log, std::string& part, SteadyTime now) = 0;
  /// Asked for even while a part is under way.
  [[nodiscard]] virtual bool lags(const EventLog& log) const = 0;
  /// Adds where the reader is, so that one who is told nothing can come back to there, too.
  virtual void append_place(const EventLog&, std::string&) const {}

 private:
  std::unique_ptr<EventSink> sink_;
  bool begun_ = false;
  bool under_way_ = false;
  SteadyTime last_written_{};
};

/// Follows one order, from its beginning to its end.
class OrderReader final : public EventReader {
 public:
  /// @param after  the id of the event that the reader was told last; empty: none
  /// @param told_twice  things may be heard more than once
  OrderReader(OrderId order, std::string after, std::unique_ptr<EventSink> sink, bool told_twice = false)
      : EventReader(std::move(sink)), order_(order), after_(std::move(after)), told_twice_(told_twice) {}

  [[nodiscard]] const OrderId& order() const { return order_; }
  void hear(const Happening& happening);
  /// The order as it was found after hear() was first called for what came later. False where the reader is done with.
  bool show(const Result<OrderView>& order);

 private:
  bool fill(EventLog& log, std::string& part, SteadyTime now) override;
  [[nodiscard]] bool lags(const EventLog&) const override { return backlog_.size() > kMostBacklog; }
  void tell(const OrderEvent& event, const OrderView& order);
  void tell_heard(const Happening& happening, WallTime after);

  OrderId order_;
  std::string after_;
  bool told_twice_;
  std::vector<Happening> heard_;  // until the order is shown
  std::unordered_set<std::string> told_;
  std::string backlog_;
  bool ended_ = false;
};

/// Follows all orders.
class AllReader final : public EventReader {
 public:
  struct Wish {
    std::optional<UserName> user;
    std::optional<std::uint32_t> max_rate;
    std::optional<Position> after;  // nothing: from now on
  };

  /// How it asks for what it missed, which comes on the hub's thread.
  struct Ask {
    std::function<void()> waiting;                 // handed to wait_now()
    std::function<void(const EndedQuery&)> ended;  // handed to missed()
    bool shared = false;  // others accept orders, too, of which the log's marks know only those that were looked for
  };

  AllReader(Wish wish, std::unique_ptr<EventSink> sink, Ask ask)
      : EventReader(std::move(sink)), wish_(std::move(wish)), ask_(std::move(ask)) {}

  /// The orders that are HELD or STUCK now.
  void wait_now(std::vector<OrderView> orders);
  /// What Ask::ended was called for. False where it could not be read.
  bool missed(Result<EndedPage> page);

 private:
  /// Telling what ended while the reader was away: orders of `ranges`, one after the other.
  struct Range {
    std::int64_t from = 0;
    std::int64_t through = 0;
    WallTime since;
    bool places = false;  // each order told is a place to go on from
  };
  struct CatchUp {
    Position log_place;              // where to go on in the log afterwards
    std::vector<OrderView> waiting;  // told first: until then the reader's place is where it was
    std::vector<Range> ranges;       // the current one last
    std::optional<EndedPage> page;
    std::size_t told = 0;  // orders of those that wait, then of the page
  };

  bool fill(EventLog& log, std::string& part, SteadyTime now) override;
  [[nodiscard]] bool lags(const EventLog& log) const override { return !catch_up_ && begun() && next_ < log.begin(); }
  void start(EventLog& log) override;
  void append_place(const EventLog& log, std::string& part) const override;

  void catch_up_from(const Position& after, const EventLog& log);
  void go_on_from(const Position& place, const EventLog& log);
  void follow_from(std::uint64_t next, std::int64_t begun_through);
  void read_on();
  void tell_waiting(std::string& part);
  void tell_missed(std::string& part);
  [[nodiscard]] std::string place_at(std::int64_t row) const;

  Wish wish_;
  Ask ask_;
  std::optional<CatchUp> catch_up_;
  std::optional<Follower> follower_;
  std::uint64_t next_ = 0;  // in the log
};

}  // namespace ldt::order
