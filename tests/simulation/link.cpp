// Carries batches and calls, and loses them.
#include "simulation/link.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace ldt::simulation {

using participant::OperationState;
using std::chrono::duration_cast;
using std::chrono::microseconds;

namespace {

constexpr Micros kReopenAfter = 20 * kMillisecond;
constexpr Micros kResendAfter = 10 * kMillisecond;
constexpr Micros kGatePoll = 10 * kMillisecond;
constexpr Micros kQuietBeforeCrash = 40 * kMillisecond;
constexpr std::size_t kMaxBatch = 1024;
const Micros kGrace = duration_cast<microseconds>(order::kRestartGrace).count();
const Micros kLongest = duration_cast<microseconds>(order::kLongestAttempt).count();

Micros micros(std::chrono::milliseconds duration) { return microseconds(duration).count(); }

participant::SingleRequest to_request(const order::Command& command, Host to) {
  participant::SingleRequest request{
      .order = command.order,
      .verb = saga::is_undo(command.step) ? participant::Verb::kUndo : participant::Verb::kDo,
      .holder = to == Host::kInventory ? command.sku : command.user,
      .item = to == Host::kDelivery ? command.sku : std::string(),
      .amount = command.amount,
      .attempt = command.number,
      .sender = {},
      .failures = {}};
  for (const auto& [index, instruction] : command.instructions) {
    request.failures.push_back({.index = index,
                                .kind = static_cast<participant::FailureKind>(instruction.kind),
                                .effect = static_cast<participant::FailureEffect>(instruction.effect),
                                .attempts = instruction.attempts.value_or(0),
                                .delay = instruction.delay.value_or(std::chrono::milliseconds{})});
  }
  return request;
}

order::Reply reply_to(const order::Command& command) {
  return {.order = command.order, .step = command.step, .attempt = command.attempt};
}

order::Reply failed(const order::Command& command, saga::Outcome outcome, const char* error) {
  order::Reply reply = reply_to(command);
  reply.failure = outcome;
  reply.error = error;
  return reply;
}

order::Reply answered_with(const order::Command& command, const participant::SingleAnswer& answer) {
  order::Reply reply = reply_to(command);
  for (const auto& strike : answer.strikes) reply.strikes.push_back({strike.index, strike.count});
  reply.answered = true;
  const bool undo = saga::is_undo(command.step);
  switch (answer.answer.state) {
    case OperationState::kDone:
      if (undo) return failed(command, saga::Outcome::kUnknown, "the service's answer makes no sense");
      reply.answer = saga::Answer::kDone;
      return reply;
    case OperationState::kRefused:
      reply.answer = saga::Answer::kRefused;
      return reply;
    case OperationState::kTombstone:
      reply.answer = saga::Answer::kTombstone;
      return reply;
    case OperationState::kUndone:
      reply.answer = saga::Answer::kUndone;
      return reply;
    case OperationState::kNone:
      break;
  }
  return failed(command, saga::Outcome::kUnknown, "the service's answer makes no sense");
}

}  // namespace

// --- the stream of batches ---

void Link::start() {
  last_break_ = world_.now();
  open_stream();
}

void Link::open_stream() {
  connected_ = false;
  connect(++stream_);
}

/// Tries until somebody is there.
void Link::connect(std::uint64_t stream) {
  if (stream != stream_ || connected_ || world_.ending) return;
  if (!reachable()) return later_(kReopenAfter, [this, stream] { connect(stream); });
  const auto incarnation = peer_.incarnation();
  later_(world_.delay(), [this, stream, incarnation] {
    if (stream != stream_ || connected_) return;
    if (!reachable() || peer_.incarnation() != incarnation) return connect(stream);
    connected_ = true;
    peer_incarnation_ = incarnation;
    alive();
    send_batch();
  });
}

void Link::send(std::vector<order::Command> commands, Micros sent_at) {
  for (auto& command : commands) {
    Pending pending{std::move(command), sent_at};
    if (!pending.command.alone) {
      outbox_.push_back(std::move(pending));
    } else if (pending.command.may_crash) {
      crashing_.push_back(std::move(pending));
    } else {
      const auto id = ++next_call_;
      calls_[id] = {std::move(pending)};
      later_(sent_at - world_.now(), [this, id] { start_call(id); });
    }
  }
  later_(sent_at - world_.now(), [this] {
    send_batch();
    poll_crash_gate();
  });
}

void Link::send_batch() {
  if (!connected_ || !away_.empty() || outbox_.empty()) return;
  std::size_t taken = 0;
  for (; taken < outbox_.size() && away_.size() < kMaxBatch; ++taken) {
    Pending& pending = outbox_[taken];
    if (pending.since + micros(pending.command.timeout) <= world_.now()) continue;  // given up, or sent again
    away_.push_back(std::move(pending));
  }
  outbox_.erase(outbox_.begin(), outbox_.begin() + static_cast<std::ptrdiff_t>(taken));
  if (away_.empty()) return;
  ++batch_;
  std::vector<BatchCommand> commands;
  for (const auto& pending : away_) commands.push_back(to_request(pending.command, there()));
  transmit(commands);
}

void Link::transmit(const std::vector<BatchCommand>& commands) {
  // The copy that the network makes may arrive after the stream, the process that sent it, or both are gone; what it
  // was sent to is all that is certain.
  World& world = world_;
  ParticipantNode& peer = peer_;
  const auto arrive = [this, &world, &peer, commands, batch = batch_, stream = stream_, later = later_] {
    if (!peer.up()) return;
    peer.execute(commands, [this, &world, &peer, batch, stream, later](const std::vector<BatchAnswer>& answers) {
      const auto take = [this, later, batch, stream, answers] {
        later(0, [this, batch, stream, answers] {
          if (stream == stream_) answered(batch, answers);
        });
      };
      if (world.send(peer.host(), Host::kOrder, peer.local_now(), take)) return;
      later(0, [this, stream, &world] {
        if (stream == stream_) break_later(world.random.between(5, 1500) * kMillisecond);
      });
    });
  };
  if (!world_.send(Host::kOrder, there(), world_.now(), arrive)) {
    break_later(world_.random.between(5, 1500) * kMillisecond);
  }
}

void Link::answered(std::uint64_t batch, const std::vector<BatchAnswer>& answers) {
  alive();
  if (batch != batch_ || answers.size() != away_.size()) return;
  const auto away = std::exchange(away_, {});
  for (std::size_t i = 0; i < away.size(); ++i) {
    const auto& command = away[i].command;
    const auto& [answer, unknown] = answers[i];
    const bool good = !unknown && answer.answer.error == participant::CommandError::kNone;
    reply(good ? answered_with(command, answer)
               : failed(command, saga::Outcome::kUnknown, "the service cannot tell whether it happened"));
  }
  send_batch();
}

/// A message was lost, which the connection's ends notice after a while.
void Link::break_later(Micros delay) {
  later_(delay, [this, stream = stream_] { break_stream(stream); });
}

void Link::break_stream(std::uint64_t stream) {
  if (stream != stream_ || !connected_) return;
  connected_ = false;
  ++stream_;
  broken_ = true;
  last_break_ = world_.now();
  world_.tally.count("link: stream broke");
  outbox_.insert(outbox_.begin(), std::make_move_iterator(away_.begin()), std::make_move_iterator(away_.end()));
  away_.clear();
  later_(kReopenAfter, [this, broken = stream_] {
    if (broken == stream_) open_stream();
  });
}

void Link::peer_died(std::uint64_t incarnation, bool power_cut) {
  // A killed process's kernel says so at once; after a power cut nobody does.
  const Micros notice = power_cut ? world_.random.between(50, 2000) * kMillisecond : world_.random.between(0, 5000);
  later_(notice, [this, incarnation, stream = stream_] {
    if (connected_ && peer_incarnation_ == incarnation) break_stream(stream);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> lost;
    for (const auto& [id, call] : calls_) {
      if (call.incarnation == incarnation) lost.emplace_back(id, call.number);
    }
    for (const auto& [id, number] : lost) call_ended(id, number, Lost::kConnection, {});
  });
}

bool Link::restarting() const { return broken_ && world_.now() - last_break_ < kGrace; }

order::Health Link::health(std::chrono::milliseconds window) const {
  if (broken_) return restarting() ? order::Health::kRecovering : order::Health::kDown;
  const bool steady = world_.now() - std::max(last_break_, last_recovery_) > micros(window);
  return steady ? order::Health::kSteady : order::Health::kRecovering;
}

void Link::alive() {
  if (!broken_) return;
  broken_ = false;
  last_recovery_ = world_.now();
}

void Link::reply(order::Reply reply) {
  if (world_.faults && world_.random.chance(world_.network.duplicate)) {
    world_.tally.count("fault: reply told twice");
    later_(world_.random.between(0, 2 * kSecond), [this, reply] { replies_(reply); });
  }
  replies_(std::move(reply));
}

// --- unary calls ---

void Link::start_call(std::uint64_t id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  if (restarting()) return later_(kResendAfter, [this, id] { start_call(id); });
  Call& call = found->second;
  const auto number = ++call.number;
  call.incarnation = 0;
  later_(micros(call.pending.command.timeout), [this, id, number] { call_ended(id, number, Lost::kDeadline, {}); });
  transmit_call(id, number);
}

void Link::transmit_call(std::uint64_t id, std::uint64_t number) {
  const auto found = calls_.find(id);
  if (found == calls_.end() || found->second.number != number) return;
  if (!peer_.up()) {  // waits for the participant to be there
    return later_(kResendAfter, [this, id, number] { transmit_call(id, number); });
  }
  Call& call = found->second;
  call.incarnation = peer_.incarnation();
  World& world = world_;
  ParticipantNode& peer = peer_;
  const auto arrive = [this, &world, &peer, request = to_request(call.pending.command, there()), id, number,
                       later = later_] {
    if (!peer.up()) return;
    peer.call(request, [this, &world, &peer, id, number, later](const CallEnd& end) {
      world.send(peer.host(), Host::kOrder, peer.local_now(), [this, later, id, number, end] {
        later(0, [this, id, number, end] { call_ended(id, number, Lost::kNo, end); });
      });
    });
  };
  world_.send(Host::kOrder, there(), world_.now(), arrive);  // one that is lost ends by its deadline
}

void Link::call_ended(std::uint64_t id, std::uint64_t number, Lost lost, const CallEnd& end) {
  const auto found = calls_.find(id);
  if (found == calls_.end() || found->second.number != number) return;
  const order::Command& command = found->second.pending.command;
  if (lost == Lost::kConnection) {
    broken_ = true;
    last_break_ = world_.now();
    if (connected_) break_stream(stream_);
  }
  const bool disturbed =
      lost == Lost::kConnection || (lost == Lost::kDeadline && health(command.timeout) == order::Health::kRecovering);
  if (disturbed && !command.may_crash && world_.now() - found->second.pending.since < kLongest) {
    ++found->second.number;  // what is still under way of this try is not waited for
    return later_(kResendAfter, [this, id] { start_call(id); });
  }
  order::Reply answer;
  if (lost == Lost::kDeadline) {
    answer = failed(command, saga::Outcome::kTimeout, "no answer in time");
  } else if (lost == Lost::kConnection || end.status != CallEnd::Status::kOk) {
    answer = failed(command, saga::Outcome::kUnknown, "the call failed");
  } else {
    answer = answered_with(command, end.answer);
  }
  if (command.may_crash) crash_away_ = false;
  calls_.erase(found);
  reply(std::move(answer));
}

bool Link::crash_gate_open() const {
  if (crash_away_) return false;
  if (world_.now() - crashing_.front().since > kLongest) return true;
  if (broken_) return !restarting();
  return world_.now() - std::max(last_recovery_, last_break_) >= kQuietBeforeCrash;
}

void Link::poll_crash_gate() {
  if (crashing_.empty()) return;
  if (crash_gate_open()) {
    const auto id = ++next_call_;
    calls_[id] = {std::move(crashing_.front())};
    crashing_.pop_front();
    crash_away_ = true;
    start_call(id);
  }
  if (crashing_.empty() || gate_polled_) return;
  gate_polled_ = true;
  later_(kGatePoll, [this] {
    gate_polled_ = false;
    poll_crash_gate();
  });
}

}  // namespace ldt::simulation
