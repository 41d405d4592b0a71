#include "services/order/events/event_hub.h"

#include <utility>

namespace ldt::order {
namespace {

constexpr std::chrono::milliseconds kLookElsewhere{100};
constexpr std::chrono::milliseconds kLookAround{1'000};  // for readers that are to hear that the stream still lives

bool failed_to_be_accepted(const OrderRow& row) {
  const bool in_doubt = row.reason == saga::Outcome::kTimeout || row.reason == saga::Outcome::kUnknown;
  return in_doubt && row.failed_step == saga::Step::kAccept;
}

}  // namespace

EventHub::EventHub(const Clock& clock, std::uint64_t process)
    : clock_(clock), since_(clock.wall()), log_(process, kMostLogBytes) {}

EventHub::~EventHub() { stop(); }

void EventHub::start(Sources sources, std::int64_t newest, bool shared) {
  sources_ = std::move(sources);
  open_.begin(newest, shared);
  shared_ = shared;
  if (shared) oldest_elsewhere_ = newest;
  stopping_ = false;
  thread_ = std::thread([this] { run(); });
}

void EventHub::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    arrived_.notify_one();
  }
  thread_.join();
}

// --- from the engine's thread ---

std::optional<Happening> EventHub::copy_of(const OrderRow& row, const OrderEvent& event) const {
  if (!recording_.load(std::memory_order_relaxed)) return std::nullopt;
  Happening happening{event, view_of(row), row.seq, {}, false};
  happening.order.stuck = event.kind == EventKind::kStuck;
  return happening;
}

/// With the lock held.
void EventHub::tell(std::optional<Happening> happening) {
  if (!happening) return;
  if (inbox_.size() >= kMostUnheard) {
    lost_some_ = true;
    return;
  }
  happening->mark = mark();
  push(std::move(*happening));
}

void EventHub::accepted(const OrderRow& row, bool recovered) {
  auto happening = recovered ? std::nullopt : copy_of(row, {EventKind::kAccepted, {}, {}, row.created_at});
  if (happening) happening->first = true;
  const std::lock_guard lock(mutex_);
  tell(std::move(happening));
  open_.open(row.seq);
}

void EventHub::attempt_ended(const OrderRow& row, const Attempt& attempt, const SpanId&, std::string_view struck,
                             std::string_view) {
  if (attempt.step == saga::Step::kAccept) return;  // told once it is accepted
  auto happening =
      copy_of(row, {EventKind::kStep, attempt, struck, {attempt.started_at.us + attempt.duration.count()}});
  if (!happening) return;
  const std::lock_guard lock(mutex_);
  tell(std::move(happening));
}

void EventHub::reverting(const OrderRow& row) {
  auto happening = copy_of(row, {EventKind::kReverting, {}, {}, clock_.wall()});
  if (!happening) return;
  happening->first = failed_to_be_accepted(row);
  const std::lock_guard lock(mutex_);
  tell(std::move(happening));
}

void EventHub::ended(const OrderRow& row) {
  const auto kind = row.state == saga::OrderState::kCompleted ? EventKind::kCompleted : EventKind::kReverted;
  const WallTime at = row.finished_at.value_or(clock_.wall());
  auto happening = copy_of(row, {kind, {}, {}, at});
  const std::lock_guard lock(mutex_);
  tell(std::move(happening));
  open_.close(row.seq);
  since_ = at;
}

void EventHub::needs_attention(const OrderRow& row, std::string_view) {
  if (row.attempts.empty()) return;
  const bool held = row.state == saga::OrderState::kHeld;
  const Attempt& last = row.attempts.back();
  const WallTime at = held ? WallTime{last.started_at.us + last.duration.count()} : clock_.wall();
  auto happening = copy_of(row, {held ? EventKind::kHeld : EventKind::kStuck, last, {}, at});
  if (!happening) return;
  const std::lock_guard lock(mutex_);
  tell(std::move(happening));
}

void EventHub::let_go(const OrderRow& row) {
  const std::lock_guard lock(mutex_);
  open_.close(row.seq);
}

void EventHub::others(std::int64_t oldest_open) {
  if (oldest_open == 0) return;
  const std::lock_guard lock(mutex_);
  oldest_elsewhere_ = oldest_open;
}

// --- from any thread ---

void EventHub::push(Message message) {
  inbox_.push_back(std::move(message));
  if (inbox_.size() == 1) arrived_.notify_one();
}

void EventHub::post(Message message) {
  const std::lock_guard lock(mutex_);
  if (!stopping_) push(std::move(message));
}

/// With the lock held.
std::optional<ReaderId> EventHub::admit() {
  if (stopping_ || admitted_ >= kMostReaders) return std::nullopt;
  ++admitted_;
  recording_.store(true, std::memory_order_relaxed);
  return next_reader_++;
}

std::optional<ReaderId> EventHub::follow_all(AllReader::Wish wish, const MakeSink& make_sink) {
  const std::lock_guard lock(mutex_);
  const auto id = admit();
  if (!id) return id;
  AllReader::Ask ask;
  ask.waiting = [this, reader = *id] {
    sources_.waiting([this, reader](std::vector<OrderView> orders) { post(Waiting{reader, std::move(orders)}); });
  };
  ask.ended = [this, reader = *id](const EndedQuery& query) {
    sources_.ended(query, [this, reader](Result<EndedPage> page) { post(Missed{reader, std::move(page)}); });
  };
  ask.shared = shared_;
  push(NewReader{*id, std::make_unique<AllReader>(std::move(wish), make_sink(*id), std::move(ask)), {}});
  return id;
}

std::optional<ReaderId> EventHub::follow_order(OrderId order, std::string after, const MakeSink& make_sink) {
  const std::lock_guard lock(mutex_);
  const auto id = admit();
  if (id) push(NewReader{*id, std::make_unique<OrderReader>(order, std::move(after), make_sink(*id), shared_), order});
  return id;
}

void EventHub::show(ReaderId reader, Result<OrderView> order) { post(Shown{reader, std::move(order)}); }
void EventHub::drained(ReaderId reader) { post(Drained{reader}); }
void EventHub::left(ReaderId reader) { post(Left{reader}); }

// --- on the hub's thread ---

void EventHub::run() {
  std::vector<Message> messages;
  bool stopping = false;
  while (!stopping) {
    bool lost_some = false;
    {
      std::unique_lock lock(mutex_);
      arrived_.wait_for(lock, shared_ && !readers_.empty() ? kLookElsewhere : kLookAround,
                        [this] { return !inbox_.empty() || stopping_; });
      messages.swap(inbox_);
      lost_some = std::exchange(lost_some_, false);
      stopping = stopping_;
      log_.set_mark(mark());
    }
    for (Message& message : messages) std::visit([this](auto& kind) { take(kind); }, message);
    messages.clear();
    if (lost_some) cut_off_all();
    if (shared_) look_elsewhere(clock_.steady());
    serve_all();
  }
  for (auto& [id, reader] : readers_) reader->sink().end();
  readers_.clear();
}

void EventHub::take(Happening& happening) {
  const auto [first, last] = by_order_.equal_range(happening.order.id);
  for (auto reader = first; reader != last; ++reader) reader->second->hear(happening);
  if (shared_) note_told(happening);
  log_.add(std::move(happening));
}

void EventHub::take(NewReader& reader) {
  if (reader.order) by_order_.emplace(*reader.order, static_cast<OrderReader*>(reader.reader.get()));
  readers_.emplace(reader.id, std::move(reader.reader));
}

void EventHub::take(Shown& shown) {
  const auto found = readers_.find(shown.id);
  if (found == readers_.end()) return;
  if (!static_cast<OrderReader&>(*found->second).show(shown.order)) dismiss(found);
}

void EventHub::take(Waiting& waiting) {
  const auto found = readers_.find(waiting.id);
  if (found != readers_.end()) static_cast<AllReader&>(*found->second).wait_now(std::move(waiting.orders));
}

void EventHub::take(Missed& missed) {
  const auto found = readers_.find(missed.id);
  if (found == readers_.end()) return;
  if (static_cast<AllReader&>(*found->second).missed(std::move(missed.page))) return;
  found->second->sink().cut_off();
  dismiss(found);
}

void EventHub::take(Drained& drained) {
  if (const auto found = readers_.find(drained.id); found != readers_.end()) found->second->drained();
}

void EventHub::take(Left& left) {
  if (const auto found = readers_.find(left.id); found != readers_.end()) dismiss(found);
}

void EventHub::dismiss(Readers::iterator reader) {
  for (auto entry = by_order_.begin(); entry != by_order_.end(); ++entry) {
    if (entry->second != reader->second.get()) continue;
    by_order_.erase(entry);
    break;
  }
  readers_.erase(reader);
  const std::lock_guard lock(mutex_);
  --admitted_;
}

void EventHub::serve_all() {
  const SteadyTime now = clock_.steady();
  for (auto reader = readers_.begin(); reader != readers_.end();) {
    const auto current = reader++;
    if (!current->second->serve(log_, now)) dismiss(current);
  }
  forget_in_time(now);
}

/// Not all that happened could be taken: they come again, and are told from the database.
void EventHub::cut_off_all() {
  while (!readers_.empty()) {
    readers_.begin()->second->sink().cut_off();
    dismiss(readers_.begin());
  }
  log_.interrupt();
}

/// Stops the copying some time after the last reader has left.
void EventHub::forget_in_time(SteadyTime now) {
  if (!readers_.empty() || !recording_.load(std::memory_order_relaxed)) {
    last_reader_ = now;
    return;
  }
  if (now - last_reader_ < kRemembers) return;
  const std::lock_guard lock(mutex_);
  if (admitted_ > 0) return;
  recording_.store(false, std::memory_order_relaxed);
  log_.interrupt();
}

}  // namespace ldt::order
