// One deterministic run, remembered, so that each world is run through once.
// Depends on closing.h.
#include "model/closing.h"

#include <vector>

#include "model/encoding.h"
#include "model/rules.h"
#include "model/story.h"

namespace ldt::model {

namespace {

constexpr std::size_t kMostSteps = 500;  // many times what three engines need one after the other

void lose_messages(World& world) {
  world.sent = 0;
  for (auto& engine : world.engines) {
    engine.asked = 0;
    engine.answers.fill(0);
  }
}

void crash_participants(World& world) {
  for (auto& participant : world.participants) participant.desk = Desk::kEmpty;
}

}  // namespace

const char* Closing::harm_after(const World& start, Story* story) {
  if (story != nullptr) story->begin("from here on nothing fails; every message that is on its way is lost");
  World world = start;
  lose_messages(world);
  crash_participants(world);
  std::vector<std::uint64_t> way;
  const bool remember = story == nullptr;
  for (std::size_t steps = 0; steps < kMostSteps; ++steps) {
    const auto print = fingerprint(pack(world));
    if (remember && ends_well_.contains(print)) break;
    way.push_back(print);
    const Row before = world.row;
    const bool acted = step(world, story);
    const char* harm = acted ? harm_in(world) : harm_at_end(world);
    if (harm == nullptr) harm = harm_of(before, world.row);
    if (harm != nullptr) return harm;
    if (!acted) break;
    if (steps + 1 == kMostSteps) return "I5: the order does not end though nothing fails";
  }
  if (remember) {
    for (const auto print : way) ends_well_.insert(print);
  }
  return nullptr;
}

/// False where nobody has anything to do.
bool Closing::step(World& world, Story* story) const {
  for (std::size_t i = 0; i < kMaxEngines; ++i) {
    if (world.engines[i].idle()) continue;
    go_on(world, i, story);
    return true;
  }
  if (!world.row.exists || saga::is_final(world.row.state)) return false;
  apply(world, {MoveKind::kTakeOver, 0}, story);
  return true;
}

void Closing::go_on(World& world, std::size_t engine, Story* story) const {
  const auto& it = world.engines[engine];
  const auto place = static_cast<std::uint8_t>(engine);
  if (it.saga.phase == saga::Phase::kHeld) return apply(world, {MoveKind::kCancel, place}, story);
  if (it.saga.backing_off) return apply(world, {MoveKind::kBackoffElapses, place}, story);
  if (!it.write.under_way) return apply(world, {MoveKind::kAttemptFails, place}, story);
  if (!it.write.landed && driver_.row_matches(world, engine))
    return apply(world, {MoveKind::kRowChanges, place}, story);
  const bool written = it.write.landed || (it.write.insert && world.row.exists);
  apply(world, {written ? MoveKind::kHearsWritten : MoveKind::kHearsConflict, place}, story);
}

/// Whatever an engine then sends is answered before anything else happens.
void Closing::apply(World& world, Move move, Story* story) const {
  driver_.apply(world, move, story);
  for (std::size_t steps = 0; world.sent != 0 && steps < kMostSteps; ++steps) deliver(world, move.engine, story);
}

void Closing::deliver(World& world, std::size_t engine, Story* story) const {
  for (std::uint8_t p = 0; p < kParticipants; ++p) {
    for (const Desk desk : {Desk::kDoAccepted, Desk::kUndo}) {
      if ((world.sent & command_bit(p, verb_of(desk))) == 0) continue;
      const Desk verdict = desk == Desk::kDoAccepted && world.participants[p].net() >= kPutIn ? Desk::kDoRefused : desk;
      driver_.apply(world, {MoveKind::kDecides, 0, p, static_cast<std::uint8_t>(verdict)}, story);
      if (world.participants[p].desk != Desk::kEmpty) driver_.apply(world, {MoveKind::kCommits, 0, p}, story);
    }
  }
  const auto answers = world.engines[engine].answers;
  lose_messages(world);
  for (std::uint8_t p = 0; p < kParticipants; ++p) {
    for (std::uint8_t bit = 0; bit < kAnswers.size(); ++bit) {
      const Move move{MoveKind::kAnswerArrives, static_cast<std::uint8_t>(engine), p, bit};
      if ((answers[p] >> bit & 1U) != 0) driver_.apply(world, move, story);
    }
  }
}

}  // namespace ldt::model
