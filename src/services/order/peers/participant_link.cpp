#include "services/order/peers/participant_link.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "services/order/peers/grpc_stream.h"
#include "services/order/peers/socket_stream.h"

namespace ldt::order {

namespace wire = participant::v1;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kMaxBatch = 1024;   // commands
constexpr milliseconds kReopenAfter{20};  // a stream that broke
constexpr milliseconds kResendAfter{10};  // a unary call whose connection broke
constexpr milliseconds kGatePoll{10};
constexpr milliseconds kQuietBeforeCrash{40};  // of a recovered connection: time for what waited to be answered

std::chrono::steady_clock::time_point now() { return std::chrono::steady_clock::now(); }

std::string_view error_text(wire::CommandError error) {
  switch (error) {
    case wire::COMMAND_ERROR_CONFLICT:
      return "the service knows this order with another payload";
    case wire::COMMAND_ERROR_OVERLOADED:
      return "the service is overloaded";
    case wire::COMMAND_ERROR_INVALID:
      return "the service finds the command malformed";
    case wire::COMMAND_ERROR_FORBIDDEN:
      return "the service does not allow failure instructions";
    default:
      return "the service cannot tell whether it happened";
  }
}

/// What the operation's durable state says to a do or undo; nothing where it makes no sense.
std::optional<saga::Answer> to_answer(saga::Step step, wire::OperationState state) {
  switch (state) {
    case wire::OPERATION_STATE_DONE:
      return saga::is_undo(step) ? std::nullopt : std::optional(saga::Answer::kDone);
    case wire::OPERATION_STATE_REFUSED:
      return saga::Answer::kRefused;
    case wire::OPERATION_STATE_TOMBSTONE:
      return saga::Answer::kTombstone;
    case wire::OPERATION_STATE_UNDONE:
      return saga::Answer::kUndone;
    default:
      return std::nullopt;
  }
}

Reply reply_to(const Command& command) {
  return {.order = command.order, .step = command.step, .attempt = command.attempt};
}

Reply failed(const Command& command, saga::Outcome failure, std::string error) {
  Reply reply = reply_to(command);
  reply.failure = failure;
  reply.error = std::move(error);
  return reply;
}

Reply answered(const Command& command, wire::OperationState state) {
  const auto answer = to_answer(command.step, state);
  if (!answer) return failed(command, saga::Outcome::kUnknown, "the service's answer makes no sense");
  Reply reply = reply_to(command);
  reply.answered = true;
  reply.answer = *answer;
  return reply;
}

Reply answered(const Command& command, const wire::Answer& answer) {
  if (answer.error() != wire::COMMAND_ERROR_UNSPECIFIED) {
    return failed(command, saga::Outcome::kUnknown, std::string(error_text(answer.error())));
  }
  Reply reply = answered(command, answer.state());
  for (const auto& strike : answer.strikes()) reply.strikes.push_back({strike.index(), strike.count()});
  return reply;
}

}  // namespace

struct ParticipantLink::Call {
  Pending pending;
  std::unique_ptr<grpc::ClientContext> context;
};

ParticipantLink::ParticipantLink(saga::Participant participant, PeerAddress address, ReplySink sink,
                                 Elsewhere elsewhere)
    : calls_(make_calls(participant, address.channel)),
      batches_(std::move(address.batches)),
      sink_(std::move(sink)),
      elsewhere_(std::move(elsewhere)) {}

ParticipantLink::~ParticipantLink() { CHECK(under_way_ == 0); }

void ParticipantLink::start() {
  last_break_ = now();  // it may be starting, too
  open_stream();
}

void ParticipantLink::open_stream() {
  auto stream = batches_.empty() ? make_grpc_stream(*calls_, *this) : make_socket_stream(batches_, *this);
  {
    const Lock lock(mutex_);
    // Where it stops just now, the stream is started all the same, and cancelled: it has to end by itself.
    ++under_way_;
    stream_ = stream;
    if (stopping_) stream->cancel();
  }
  stream->start(stream);
}

void ParticipantLink::send(std::vector<Pending> commands) {
  std::vector<Pending> alone;
  {
    Lock lock(mutex_);
    if (stopping_) return;
    for (auto& pending : commands) {
      if (!pending.command.alone) {
        outbox_.push_back(std::move(pending));
      } else if (pending.command.may_crash) {
        crashing_.push_back(std::move(pending));
      } else {
        alone.push_back(std::move(pending));
      }
    }
    send_batch(lock);
    if (!crashing_.empty()) poll_crash_gate(std::move(lock));
  }
  for (auto& pending : alone) call(std::move(pending));
}

void ParticipantLink::send_batch(const Lock&) {
  if (!ready_ || writing_ || !away_.empty() || outbox_.empty()) return;
  const auto time = now();
  wire::Batch& batch = stream_->batch();
  batch.Clear();
  std::size_t taken = 0;
  for (; taken < outbox_.size() && away_.size() < kMaxBatch; ++taken) {
    Pending& pending = outbox_[taken];
    if (pending.since + pending.command.timeout <= time) continue;  // its sender has given it up, or sent it again
    calls_->describe(pending.command, *batch.add_commands());
    away_.push_back(std::move(pending));
  }
  outbox_.erase(outbox_.begin(), outbox_.begin() + static_cast<std::ptrdiff_t>(taken));
  if (away_.empty()) return;
  batch.set_number(++batch_number_);
  writing_ = !stream_->write();
}

void ParticipantLink::stream_alive() {
  const Lock lock(mutex_);
  if (std::exchange(broken_, false)) last_recovery_ = now();
  if (std::exchange(ready_, true)) return;
  send_batch(lock);
}

void ParticipantLink::stream_wrote() {
  const Lock lock(mutex_);
  writing_ = false;
  send_batch(lock);
}

void ParticipantLink::stream_answered(const wire::BatchReply& reply) {
  std::vector<Reply> replies;
  {
    const Lock lock(mutex_);
    if (reply.number() != batch_number_ || static_cast<std::size_t>(reply.answers_size()) != away_.size()) return;
    replies.reserve(away_.size());
    for (std::size_t i = 0; i < away_.size(); ++i) {
      const wire::Answer& answer = reply.answers(static_cast<int>(i));
      const Command& command = away_[i].command;
      replies.push_back(answered(command, answer));
    }
    away_.clear();
    send_batch(lock);
  }
  sink_(std::move(replies));
}

void ParticipantLink::stream_broke() {
  const Lock lock(mutex_);
  ready_ = false;
  if (!std::exchange(broken_, true)) last_break_ = now();
}

void ParticipantLink::stream_ended() {
  std::vector<Pending> left;
  {
    const Lock lock(mutex_);
    writing_ = false;
    stream_ = nullptr;
    // The batch that was away may have been done or not: sending it again finds out. Its attempts' deadlines stay.
    left = std::exchange(away_, {});
    left.insert(left.end(), std::make_move_iterator(outbox_.begin()), std::make_move_iterator(outbox_.end()));
    outbox_.clear();
  }
  left = elsewhere_(std::move(left));
  const Lock lock(mutex_);
  outbox_.insert(outbox_.begin(), std::make_move_iterator(left.begin()), std::make_move_iterator(left.end()));
  if (!stopping_) later(lock, kReopenAfter, [this] { open_stream(); });
  one_ended(lock);
}

bool ParticipantLink::is_well() const {
  const Lock lock(mutex_);
  return ready_ && !broken_ && (away_.empty() || now() < away_.front().since + away_.front().command.timeout);
}

bool ParticipantLink::restarting(const Lock&) const { return broken_ && now() - last_break_ < kRestartGrace; }

Health ParticipantLink::health(milliseconds window) const { return health(Lock(mutex_), window); }

Health ParticipantLink::health(const Lock& lock, milliseconds window) const {
  if (broken_) return restarting(lock) ? Health::kRecovering : Health::kDown;
  return now() - std::max(last_break_, last_recovery_) > window ? Health::kSteady : Health::kRecovering;
}

// --- unary calls ---

void ParticipantLink::call(Pending pending) {
  auto call = std::make_shared<Call>();
  call->pending = std::move(pending);
  start_call(call);
}

/// Starts the call, with all of its attempt's time, as soon as the participant is not just restarting.
void ParticipantLink::start_call(const std::shared_ptr<Call>& call) {
  bool waits = false;
  {
    const Lock lock(mutex_);
    if (stopping_) return;
    waits = restarting(lock);
  }
  if (waits && !call->pending.command.may_crash) {
    std::vector<Pending> left;
    left.push_back(std::move(call->pending));
    left = elsewhere_(std::move(left));
    if (left.empty()) return;
    call->pending = std::move(left.front());
  }
  {
    const Lock lock(mutex_);
    if (stopping_) return;
    if (waits) return later(lock, kResendAfter, [this, call] { start_call(call); });
    call->context = std::make_unique<grpc::ClientContext>();
    call->context->set_wait_for_ready(true);
    call->context->set_deadline(std::chrono::system_clock::now() + call->pending.command.timeout);
    calls_away_.insert(call);
    ++under_way_;
  }
  calls_->call(call->pending.command, call->context.get(),
               [this, call](CallResult result) { call_ended(call, std::move(result)); });
}

void ParticipantLink::call_ended(const std::shared_ptr<Call>& call, CallResult result) {
  const Command& command = call->pending.command;
  Reply reply;
  if (result.status.ok()) {
    reply = answered(command, result.state);
    reply.strikes = std::move(result.strikes);
  } else if (result.status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    reply = failed(command, saga::Outcome::kTimeout, "no answer in time");
  } else {
    reply = failed(command, saga::Outcome::kUnknown, result.status.error_message());
  }
  Lock lock(mutex_);
  calls_away_.erase(call);
  const auto code = result.status.error_code();
  const bool lost = code == grpc::StatusCode::UNAVAILABLE || code == grpc::StatusCode::CANCELLED;
  if (lost && batches_.empty()) {  // the stream shares the connection, and will notice in a moment
    broken_ = true;
    last_break_ = now();
  }
  const bool stopping = stopping_;
  // The participant restarted under it, for another's reasons: the same attempt begins anew when it is back.
  const bool disturbed =
      lost || (code == grpc::StatusCode::DEADLINE_EXCEEDED && health(lock, command.timeout) == Health::kRecovering);
  if (disturbed && !stopping && !command.may_crash && now() - call->pending.since < kLongestAttempt) {
    later(lock, kResendAfter, [this, call] { start_call(call); });
    return one_ended(lock);
  }
  if (command.may_crash) crash_away_ = false;
  lock.unlock();
  if (!stopping) {
    std::vector<Reply> replies;
    replies.push_back(std::move(reply));
    sink_(std::move(replies));
  }
  lock.lock();
  one_ended(lock);
}

bool ParticipantLink::crash_gate_open(const Lock& lock) const {
  if (crash_away_) return false;
  if (now() - crashing_.front().since > kLongestAttempt) return true;
  if (broken_) return !restarting(lock);  // gone for long: the call itself finds out
  return now() - std::max(last_recovery_, last_break_) >= kQuietBeforeCrash;
}

/// Lets one crashing command go if what waited for the last restart has had time to be answered; looks again later
/// while any is left.
void ParticipantLink::poll_crash_gate(Lock lock) {
  if (stopping_ || crashing_.empty()) return;
  if (crash_gate_open(lock)) {
    Pending pending = std::move(crashing_.front());
    crashing_.pop_front();
    crash_away_ = true;
    lock.unlock();
    call(std::move(pending));
    lock.lock();
  }
  if (crashing_.empty() || gate_polled_ || stopping_) return;
  gate_polled_ = true;
  later(lock, kGatePoll, [this] {
    Lock again(mutex_);
    gate_polled_ = false;
    poll_crash_gate(std::move(again));
  });
}

// --- timers and the end ---

void ParticipantLink::later(const Lock&, milliseconds delay, std::function<void()> then) {
  const std::uint64_t id = ++next_alarm_;
  auto& alarm = alarms_[id];
  alarm = std::make_unique<grpc::Alarm>();
  ++under_way_;
  alarm->Set(std::chrono::system_clock::now() + delay, [this, id, then = std::move(then)](bool ok) {
    if (ok) then();
    const Lock lock(mutex_);
    const auto found = alarms_.find(id);
    // An alarm must not be destroyed in its own callback while stop() may be cancelling it: stop() clears the rest.
    if (found != alarms_.end() && !stopping_) alarms_.erase(found);
    one_ended(lock);
  });
}

void ParticipantLink::one_ended(const Lock&) {
  if (--under_way_ == 0) idle_.notify_all();
}

void ParticipantLink::stop() {
  std::vector<std::shared_ptr<Call>> calls;
  std::shared_ptr<BatchStream> stream;
  {
    const Lock lock(mutex_);
    stopping_ = true;
    calls.assign(calls_away_.begin(), calls_away_.end());
    stream = stream_;
    for (auto& [id, alarm] : alarms_) alarm->Cancel();
  }
  for (const auto& call : calls) call->context->TryCancel();
  if (stream != nullptr) stream->cancel();
  Lock lock(mutex_);
  idle_.wait(lock, [this] { return under_way_ == 0; });
  alarms_.clear();
}

}  // namespace ldt::order
