// Enumerates the moves and applies them.
// Depends on driver.h.
#include "model/driver.h"

#include "model/guard.h"
#include "model/story.h"

namespace ldt::model {

using saga::Answer;
using saga::EventKind;
using saga::Phase;

namespace {

/// A product whose engines may share an order says so in its policy, and then undoes more.
template <class Policy>
Policy policy_for(const Config& config, Mutant mutant) {
  Policy policy{.stuck_after = 2};
  const bool shared = config.engines > 1 && mutant != Mutant::kUndoOwn;
  if constexpr (requires { policy.several_engines; }) policy.several_engines = shared;
  return policy;
}

/// What an operation's durable state says to a do or an undo. A DONE makes no sense as an answer to an undo.
std::optional<Answer> answer_of(Verb verb, OperationState state) {
  switch (state) {
    case OperationState::kDone:
      return verb == Verb::kDo ? std::optional(Answer::kDone) : std::nullopt;
    case OperationState::kRefused:
      return Answer::kRefused;
    case OperationState::kTombstone:
      return Answer::kTombstone;
    case OperationState::kUndone:
      return Answer::kUndone;
    case OperationState::kNone:
      break;
  }
  return std::nullopt;
}

bool affordable(const ParticipantState& state) { return kPutIn - state.net() >= 1; }

void add_effect(ParticipantState& state, participant::Effect effect) {
  auto& count = effect == participant::Effect::kApply ? state.applied : state.reversed;
  if (effect != participant::Effect::kNothing && count < kMostEffects) ++count;
}

saga::Event answer_event(std::size_t participant, std::size_t answer) {
  const auto& planned = saga::kPlan.at(participant);
  const auto [verb, said] = kAnswers.at(answer);
  return {
      .kind = EventKind::kAnswer, .step = verb == Verb::kUndo ? planned.undo_step : planned.do_step, .answer = said};
}

/// @param doomed  the order's instructions never let it be accepted, and whoever finds its row knows
saga::Event found_row(const World& world, EventKind kind, bool doomed) {
  return {.kind = kind,
          .outcome = doomed ? Outcome::kTimeout : world.row.reason,
          .found = world.row.state,
          .absent = !world.row.exists,
          .failed_step = world.row.failed_step};
}

Outcome failure_of(std::uint8_t detail) { return detail == 0 ? Outcome::kTimeout : Outcome::kUnknown; }

Verb verb_of(Step step) { return saga::is_undo(step) ? Verb::kUndo : Verb::kDo; }

std::size_t participant_of(Step step) {
  for (std::size_t i = 0; i < kParticipants; ++i) {
    if (saga::kPlan[i].do_step == step || saga::kPlan[i].undo_step == step) return i;
  }
  throw CheckFailed("the shipped code sent what no participant takes");
}

bool waits_for_answer(const Engine& engine) {
  return (engine.saga.phase == Phase::kDoing || engine.saga.phase == Phase::kUndoing) && !engine.saga.backing_off;
}

}  // namespace

Verb verb_of(Desk desk) { return desk == Desk::kUndo ? Verb::kUndo : Verb::kDo; }

Driver::Driver(const Config& config, Mutant mutant)
    : config_(config), mutant_(mutant), policy_(policy_for<saga::Policy>(config, mutant)) {
  for (std::size_t state = 0; state < verdicts_.size(); ++state) {
    for (const Desk desk : {Desk::kDoAccepted, Desk::kDoRefused, Desk::kUndo}) {
      verdicts_[state][static_cast<std::size_t>(desk)] =
          decide(mutant, static_cast<OperationState>(state), verb_of(desk), desk == Desk::kDoAccepted);
    }
  }
}

World Driver::first() const {
  World world;
  world.engines.fill(fresh_engine());
  return world;
}

Engine Driver::fresh_engine() const {
  Engine engine;
  engine.saga.handling = config_.handling();
  return engine;
}

// --- which moves there are ---

MoveList Driver::moves(const World& world) const {
  MoveList list;
  std::size_t driving = 0;
  std::uint8_t idle = kMaxEngines;  // idle engines are alike: one of them acts for all
  for (std::uint8_t i = 0; i < kMaxEngines; ++i) {
    if (world.engines[i].idle()) {
      idle = i;
      continue;
    }
    ++driving;
    add_row_moves(world, i, list);
    add_engine_moves(world, i, list);
  }
  const bool unfinished = world.row.exists && !saga::is_final(world.row.state);
  if (driving < config_.engines && !world.placed) list.add({MoveKind::kPlaceOrder, idle});
  if (driving < config_.engines && unfinished) {
    list.add({MoveKind::kTakeOver, idle});
    if (config_.every_kind && world.row.state == OrderState::kRunning) list.add({MoveKind::kTakeOver, idle, 0, 1});
  }
  for (std::uint8_t i = 0; i < kParticipants; ++i) add_participant_moves(world, i, list);
  return list;
}

/// An engine's write: done and told, done and not told, or not done.
void Driver::add_row_moves(const World& world, std::uint8_t engine, MoveList& list) const {
  const Write& write = world.engines[engine].write;
  if (!write.under_way) return;
  if (write.landed) {
    list.add({MoveKind::kHearsWritten, engine});
  } else if (row_matches(world, engine)) {
    list.add({MoveKind::kRowChanges, engine});
  } else if (write.insert) {  // it is there already: the store may say either
    list.add({MoveKind::kHearsWritten, engine});
    list.add({MoveKind::kHearsConflict, engine});
  } else {
    list.add({MoveKind::kHearsConflict, engine});
  }
  list.add({MoveKind::kWriteFails, engine, 0, 0});
  if (config_.every_kind) list.add({MoveKind::kWriteFails, engine, 0, 1});
  if (write.insert && !world.row.exists) list.add({MoveKind::kAcceptRefused, engine});
}

void Driver::add_engine_moves(const World& world, std::uint8_t engine, MoveList& list) const {
  const Engine& it = world.engines[engine];
  for (std::uint8_t p = 0; p < kParticipants; ++p) {
    for (std::uint8_t i = 0; i < kAnswers.size(); ++i) {
      const bool there = (it.answers[p] >> i & 1U) != 0;
      if (there && matters_to(it, answer_event(p, i))) list.add({MoveKind::kAnswerArrives, engine, p, i});
    }
  }
  if (waits_for_answer(it)) {
    list.add({MoveKind::kAttemptFails, engine, 0, 0});
    if (config_.every_kind) list.add({MoveKind::kAttemptFails, engine, 0, 1});
  }
  if (it.saga.backing_off) list.add({MoveKind::kBackoffElapses, engine});
  list.add({MoveKind::kEngineCrashes, engine});
  if (matters_to(it, {.kind = EventKind::kCancel})) list.add({MoveKind::kCancel, engine});
  if (matters_to(it, {.kind = EventKind::kRetry})) list.add({MoveKind::kRetry, engine});
}

/// The saga decides whether an event comes too late, which most do.
bool Driver::matters_to(const Engine& engine, const saga::Event& event) const {
  return guarded([&] {
    saga::Saga after = engine.saga;
    return saga::step(after, event, policy_).size() != 0 || after != engine.saga;
  });
}

void Driver::add_participant_moves(const World& world, std::uint8_t participant, MoveList& list) const {
  const auto& it = world.participants[participant];
  if (it.desk != Desk::kEmpty) {
    list.add({MoveKind::kCommits, 0, participant});
    list.add({MoveKind::kParticipantCrashes, 0, participant});
    return;
  }
  for (const Desk desk : {Desk::kDoAccepted, Desk::kDoRefused, Desk::kUndo}) {
    const bool arrives = (world.sent & command_bit(participant, verb_of(desk))) != 0;
    const bool allowed = desk != Desk::kDoAccepted || affordable(it);
    if (arrives && allowed && !is_replay(it.durable, desk)) {
      list.add({MoveKind::kDecides, 0, participant, static_cast<std::uint8_t>(desk)});
    }
  }
  if (forgets(mutant_) != OperationState::kNone && it.durable == forgets(mutant_)) {
    list.add({MoveKind::kForgets, 0, participant});
  }
}

// --- what they do ---

void Driver::apply(World& world, Move move, Story* story) const {
  if (story != nullptr) story->begin(world, move);
  const bool of_participant = move.kind == MoveKind::kDecides || move.kind == MoveKind::kCommits ||
                              move.kind == MoveKind::kParticipantCrashes || move.kind == MoveKind::kForgets;
  if (of_participant) {
    apply_to_participant(world, move);
  } else {
    apply_to_engine(world, move, story);
  }
  answer_replays(world);
}

void Driver::apply_to_engine(World& world, Move move, Story* story) const {
  Engine& engine = world.engines[move.engine];
  const auto say = [&](const saga::Event& event) { tell(world, move.engine, event, story); };
  switch (move.kind) {
    case MoveKind::kPlaceOrder:
      world.placed = true;
      return say({.kind = EventKind::kStart});
    case MoveKind::kTakeOver:
      return say(found_row(world, EventKind::kRecover, move.detail != 0));
    case MoveKind::kEngineCrashes:
      engine = fresh_engine();
      return;
    case MoveKind::kRowChanges:
      return change_row(world, move.engine);
    case MoveKind::kHearsWritten:
      return say({.kind = EventKind::kWritten});
    case MoveKind::kHearsConflict:
      return say(found_row(world, EventKind::kConflict, false));
    case MoveKind::kWriteFails:
    case MoveKind::kAttemptFails:
      return say({.kind = EventKind::kAttemptFailed,
                  .step = engine.saga.current_step(),
                  .attempt = engine.saga.attempt,
                  .outcome = failure_of(move.detail)});
    case MoveKind::kAcceptRefused:
      return say({.kind = EventKind::kAnswer,
                  .step = Step::kAccept,
                  .answer = Answer::kRefused,
                  .outcome = Outcome::kUndeliverable});
    case MoveKind::kAnswerArrives:
      return say(answer_event(move.participant, move.detail));
    case MoveKind::kBackoffElapses:
      return say({.kind = EventKind::kBackoffElapsed});
    case MoveKind::kCancel:
      return say({.kind = EventKind::kCancel});
    default:
      return say({.kind = EventKind::kRetry});
  }
}

void Driver::apply_to_participant(World& world, Move move) const {
  auto& it = world.participants[move.participant];
  const auto desk = static_cast<Desk>(move.detail);
  switch (move.kind) {
    case MoveKind::kDecides: {
      if (!config_.staged) return decide_and_commit(world, move.participant, desk);
      it.desk = desk;
      if (mutant_ != Mutant::kW2) return;
      const auto& verdict = verdict_on(it.durable, desk);
      if (verdict) answer(world, move.participant, verb_of(desk), verdict->answered);
      return;
    }
    case MoveKind::kCommits:
      return decide_and_commit(world, move.participant, it.desk);
    case MoveKind::kForgets:
      it.durable = OperationState::kNone;
      return;
    default:
      it.desk = Desk::kEmpty;
      return;
  }
}

/// True where a command changes nothing, so that its answer follows from what is remembered.
bool Driver::is_replay(OperationState remembered, Desk desk) const {
  if (participant::needs_verdict(remembered, verb_of(desk))) return false;
  const auto& verdict = verdict_on(remembered, desk);
  return verdict && verdict->recorded == remembered && verdict->effect == participant::Effect::kNothing;
}

/// The effect and the operation's row become durable together; the answer leaves after that.
void Driver::decide_and_commit(World& world, std::size_t participant, Desk desk) const {
  auto& it = world.participants[participant];
  const auto& verdict = verdict_on(it.durable, desk);
  it.desk = Desk::kEmpty;
  if (!verdict) return;
  it.durable = verdict->recorded;
  add_effect(it, verdict->effect);
  answer(world, participant, verb_of(desk), verdict->answered);
}

/// The answer is on its way to every engine that asked: each one's command may be the copy that was decided.
void Driver::answer(World& world, std::size_t participant, Verb verb, OperationState state) {
  const auto said = answer_of(verb, state);
  if (!said) return;
  for (auto& engine : world.engines) {
    if ((engine.asked & command_bit(participant, verb)) != 0) engine.answers[participant] |= answer_bit(verb, *said);
  }
}

/// A command that changes nothing any more is answered at once: an answer may always come later, or never, so nothing
/// is lost by not waiting, and the order in which replays are answered need not be explored.
void Driver::answer_replays(World& world) const {
  for (std::size_t p = 0; p < kParticipants; ++p) {
    const auto& it = world.participants[p];
    if (it.desk != Desk::kEmpty) continue;
    for (const Desk desk : {Desk::kDoRefused, Desk::kUndo}) {
      const bool arrives = (world.sent & command_bit(p, verb_of(desk))) != 0;
      if (!arrives || !is_replay(it.durable, desk)) continue;
      answer(world, p, verb_of(desk), verdict_on(it.durable, desk)->answered);
    }
  }
}

// --- the engine around the saga ---

void Driver::tell(World& world, std::size_t engine, const saga::Event& event, Story* story) const {
  Engine& it = world.engines[engine];
  const bool about_the_write = event.kind == EventKind::kWritten || event.kind == EventKind::kConflict ||
                               (it.write.under_way && event.kind == EventKind::kAttemptFailed) ||
                               (event.kind == EventKind::kAnswer && event.step == Step::kAccept);
  if (about_the_write) it.write = {};
  const saga::Saga before = it.saga;
  const auto actions = guarded([&] { return saga::step(it.saga, event, policy_); });
  bend(mutant_, before, event, it.saga);
  for (const auto& action : actions) {
    if (story != nullptr) story->add(action, it.saga);
    perform(world, engine, action, story);
  }
  const bool retired = it.saga.ended();
  if (retired) it = fresh_engine();
}

void Driver::perform(World& world, std::size_t engine, const saga::Action& action, Story* story) const {
  Engine& it = world.engines[engine];
  switch (action.kind) {
    case saga::ActionKind::kWrite:
      it.write = {.under_way = true,
                  .insert = action.step == Step::kAccept && it.saga.phase == Phase::kAccepting,
                  .from = action.from,
                  .to = action.to};
      if (leaves_early(mutant_, action)) send_early(world, engine, story);
      return;
    case saga::ActionKind::kSend:
      return send(world, engine, action);
    case saga::ActionKind::kReject:
      world.told.never_existed = true;
      return;
    case saga::ActionKind::kTellEnded:
      return tell_end(world, it.saga.row);
    case saga::ActionKind::kBackoff:  // may elapse at any time
    case saga::ActionKind::kTellHeld:
      return;
  }
}

void Driver::send(World& world, std::size_t engine, const saga::Action& action) const {
  const auto bit = command_bit(participant_of(action.step), verb_of(action.step));
  world.sent |= bit;
  world.engines[engine].asked |= bit;
}

void Driver::tell_end(World& world, OrderState state) {
  (state == OrderState::kCompleted ? world.told.completed : world.told.reverted) = true;
}

/// A mutant's: what the saga will want once its write is durable leaves now.
void Driver::send_early(World& world, std::size_t engine, Story* story) const {
  saga::Saga hasty = world.engines[engine].saga;
  const auto actions = guarded([&] { return saga::step(hasty, {.kind = EventKind::kWritten}, policy_); });
  for (const auto& action : actions) {
    const bool early = action.kind == saga::ActionKind::kSend || action.kind == saga::ActionKind::kTellEnded;
    if (story != nullptr && early) story->add(action, hasty);
    if (action.kind == saga::ActionKind::kSend) send(world, engine, action);
    if (action.kind == saga::ActionKind::kTellEnded) tell_end(world, hasty.row);
  }
}

void Driver::change_row(World& world, std::size_t engine) {
  Engine& it = world.engines[engine];
  it.write.landed = true;
  const bool has_reason = it.write.to == OrderState::kHeld || it.write.to == OrderState::kReverting;
  world.row.exists = true;
  world.row.state = it.write.to;
  if (it.write.to == OrderState::kReverted) return;  // keeps the reason that it was reverted for
  world.row.reason = has_reason ? it.saga.reason : Outcome::kNone;
  world.row.failed_step = has_reason ? it.saga.failed_step : Step::kAccept;
}

}  // namespace ldt::model
