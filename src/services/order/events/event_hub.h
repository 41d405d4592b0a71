// Hands what happens to orders to everybody who follows them, on a thread of its own.
// The engine's thread leaves a copy and goes on; while nobody follows, not even that.
// Invariant: events of one order are told in the order in which they happened, and each only after what it tells is
// durable.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "services/order/engine/observer.h"
#include "services/order/events/ended_orders.h"
#include "services/order/events/event_log.h"
#include "services/order/events/event_sink.h"
#include "services/order/events/open_orders.h"
#include "services/order/events/reader.h"

namespace ldt::order {

class EventHub final : public Observer {
 public:
  static constexpr std::size_t kMostReaders = 1'000;
  static constexpr std::size_t kMostLogBytes = 16 * 1024 * 1024;
  static constexpr std::size_t kMostUnheard = 65'536;    // happenings that the hub's thread has not come to
  static constexpr std::chrono::seconds kRemembers{60};  // after the last reader has left, for its return

  /// @param process  any number that no other process has; `clock` must outlive it
  EventHub(const Clock& clock, std::uint64_t process);
  ~EventHub() override;

  /// For readers who were away, and for what other engines do. All call back once, from another thread.
  struct Sources {
    ReadEnded ended;
    std::function<void(std::function<void(std::vector<OrderView>)>)> waiting;  // HELD and STUCK orders
    ReadOrders orders;
    ReadOpen open;  // asked for where the store is shared
  };

  /// Before the engine starts. @param newest  of the stored orders; @param shared  other engines have orders of the
  /// same store, and rows are not numbered one by one
  void start(Sources sources, std::int64_t newest, bool shared = false);
  /// Ends every stream; what is asked later is declined. Idempotent.
  void stop();

  // From any thread. Nothing where there are too many readers, or the hub has stopped.
  std::optional<ReaderId> follow_all(AllReader::Wish wish, const MakeSink& make_sink);
  /// What happens to the order from here on is told once show() has told what was before.
  /// @param after  the id of the event that the reader was told last; empty: none
  std::optional<ReaderId> follow_order(OrderId order, std::string after, const MakeSink& make_sink);
  void show(ReaderId reader, Result<OrderView> order);
  void drained(ReaderId reader);
  void left(ReaderId reader);

  void accepted(const OrderRow& row, bool recovered) override;
  void attempt_ended(const OrderRow& row, const Attempt& attempt, const SpanId& span, std::string_view struck,
                     std::string_view error) override;
  void reverting(const OrderRow& row) override;
  void ended(const OrderRow& row) override;
  void needs_attention(const OrderRow& row, std::string_view what) override;
  void let_go(const OrderRow& row) override;
  void others(std::int64_t oldest_open) override;
  void committed(std::chrono::nanoseconds, std::size_t) override {}
  void storage_failed(std::string_view) override {}

 private:
  struct NewReader {
    ReaderId id;
    std::unique_ptr<EventReader> reader;
    std::optional<OrderId> order;  // nothing: all
  };
  struct Shown {
    ReaderId id;
    Result<OrderView> order;
  };
  struct Waiting {
    ReaderId id;
    std::vector<OrderView> orders;
  };
  struct Missed {
    ReaderId id;
    Result<EndedPage> page;
  };
  struct Seen {
    Result<std::vector<OrderView>> orders;
  };
  struct EndedElsewhere {
    Result<EndedPage> page;
  };
  struct OpenElsewhere {
    Result<std::vector<EndedPage::Order>> orders;
  };
  /// Of an order that has not ended: what was told of it.
  struct Told {
    std::unordered_set<std::string> events;  // their ids
    SteadyTime seen;
  };
  struct Drained {
    ReaderId id;
  };
  struct Left {
    ReaderId id;
  };
  using Message =
      std::variant<Happening, NewReader, Shown, Waiting, Missed, Seen, EndedElsewhere, OpenElsewhere, Drained, Left>;
  using Readers = std::map<ReaderId, std::unique_ptr<EventReader>>;

  [[nodiscard]] std::optional<Happening> copy_of(const OrderRow& row, const OrderEvent& event) const;
  void tell(std::optional<Happening> happening);
  std::optional<ReaderId> admit();
  void post(Message message);
  void push(Message message);
  [[nodiscard]] Mark mark() const { return {since_, std::min(open_.oldest(), oldest_elsewhere_), open_.newest()}; }

  void run();
  void take(Happening& happening);
  void take(NewReader& reader);
  void take(Shown& shown);
  void take(Waiting& waiting);
  void take(Missed& missed);
  void take(Seen& seen);
  void take(EndedElsewhere& ended);
  void take(OpenElsewhere& open);
  void take(Drained& drained);
  void take(Left& left);
  void serve_all();
  void dismiss(Readers::iterator reader);
  void cut_off_all();
  void forget_in_time(SteadyTime now);
  // Where other engines share the store: what they do is looked for there.
  void look_elsewhere(SteadyTime now);
  void look_at_orders(SteadyTime now);
  void look_at_ends(SteadyTime now);
  void look_at_open(SteadyTime now);
  void note_told(const Happening& happening);
  void tell_rest(const OrderView& order, std::int64_t row);
  [[nodiscard]] bool is_own(std::int64_t row);
  void note_end(const OrderId& id);

  const Clock& clock_;
  Sources sources_;
  std::atomic<bool> recording_ = false;  // what happens is copied

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Message> inbox_;
  bool lost_some_ = false;  // more happened than the hub's thread could take
  bool stopping_ = true;
  std::size_t admitted_ = 0;
  ReaderId next_reader_ = 1;
  OpenOrders open_;
  std::int64_t oldest_elsewhere_ = std::numeric_limits<std::int64_t>::max();
  WallTime since_;

  // Of the hub's thread.
  EventLog log_;
  Readers readers_;
  std::multimap<OrderId, OrderReader*> by_order_;
  SteadyTime last_reader_{};
  bool shared_ = false;
  bool looks_at_orders_ = false;  // and has no answer yet
  bool looks_at_ends_ = false;
  bool looks_at_open_ = false;
  SteadyTime looked_at_orders_{};
  SteadyTime looked_at_ends_{};
  SteadyTime looked_at_open_{};
  std::optional<EndedQuery> ends_;  // what to look at next; nothing: nobody follows all orders
  EndedQuery next_ends_;            // and after that
  WallTime followed_since_;
  std::unordered_map<OrderId, SteadyTime> told_ends_;  // lately
  std::unordered_map<OrderId, Told> told_;
  std::thread thread_;
};

}  // namespace ldt::order
