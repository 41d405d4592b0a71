// The words.
// Depends on story.h.
#include "model/story.h"

#include <algorithm>

namespace ldt::model {
namespace {

std::string text_of(Step step) { return std::string(saga::to_string(step)); }
std::string text_of(OrderState state) { return std::string(saga::to_string(state)); }

std::string name_of(std::size_t participant) {
  return std::string(saga::to_string(saga::kPlan.at(participant).participant));
}

std::string step_of(std::size_t participant, Verb verb) {
  const auto& planned = saga::kPlan.at(participant);
  return text_of(verb == Verb::kUndo ? planned.undo_step : planned.do_step);
}

std::string text_of(const Row& row) {
  if (!row.exists) return "no row";
  std::string text = "row " + text_of(row.state);
  if (row.reason != Outcome::kNone) text.append("(").append(saga::to_string(row.reason)).append(")");
  return text;
}

std::string text_of(const Write& write) {
  return write.insert ? "the accepted order" : text_of(write.from) + " -> " + text_of(write.to);
}

std::string failure(std::uint8_t detail) { return detail == 0 ? "TIMEOUT" : "UNKNOWN"; }

std::string answer_text(std::uint8_t detail) {
  constexpr std::array<const char*, 4> kNames{"DONE", "REFUSED", "TOMBSTONE", "UNDONE"};
  return kNames.at(static_cast<std::size_t>(kAnswers.at(detail).answer));
}

std::string decision(Desk desk) {
  constexpr std::array<const char*, 4> kNames{"", ", and accepts it", ", and refuses it", ""};
  return kNames.at(static_cast<std::size_t>(desk));
}

std::string of_participant(const World& world, Move move) {
  const std::string who = name_of(move.participant);
  const auto& it = world.participants[move.participant];
  const auto desk = static_cast<Desk>(move.detail);
  switch (move.kind) {
    case MoveKind::kDecides:
      return who + " takes a copy of " + step_of(move.participant, verb_of(desk)) + decision(desk);
    case MoveKind::kCommits:
      return who + " commits " + step_of(move.participant, verb_of(it.desk));
    case MoveKind::kParticipantCrashes:
      return who + " crashes before it commits " + step_of(move.participant, verb_of(it.desk));
    default:
      return who + " forgets that the operation was " + std::string(to_string(it.durable));
  }
}

std::string of_write(const World& world, Move move, const std::string& who) {
  const Write& write = world.engines[move.engine].write;
  switch (move.kind) {
    case MoveKind::kRowChanges:
      return who + "'s write is durable: " + text_of(write);
    case MoveKind::kHearsWritten:
      return who + " hears that its write is durable";
    case MoveKind::kHearsConflict:
      return who + " hears that its write of " + text_of(write) + " met " + text_of(world.row);
    default:
      return who + "'s write of " + text_of(write) + " ends in " + failure(move.detail) +
             (write.landed ? ", though it is durable" : "; it was not done");
  }
}

std::string of_engine(const World& world, Move move, const std::string& who) {
  const auto& saga = world.engines[move.engine].saga;
  switch (move.kind) {
    case MoveKind::kPlaceOrder:
      return "a client places the order with " + who;
    case MoveKind::kTakeOver:
      return who + " finds the " + text_of(world.row) + " and drives the order";
    case MoveKind::kEngineCrashes:
      return who + " crashes";
    case MoveKind::kAcceptRefused:
      return who + "'s order.accept is refused by an instruction";
    case MoveKind::kAnswerArrives:
      return who + " hears the answer to " + step_of(move.participant, kAnswers.at(move.detail).verb) + ": " +
             answer_text(move.detail);
    case MoveKind::kAttemptFails:
      return who + "'s attempt " + std::to_string(saga.attempt) + " at " + text_of(saga.current_step()) + " ends in " +
             failure(move.detail);
    case MoveKind::kBackoffElapses:
      return who + "'s backoff elapses";
    case MoveKind::kCancel:
      return "a user cancels the order at " + who;
    case MoveKind::kRetry:
      return "a user retries the order at " + who;
    default:
      return of_write(world, move, who);
  }
}

bool is_of_participant(MoveKind kind) {
  return kind == MoveKind::kDecides || kind == MoveKind::kCommits || kind == MoveKind::kParticipantCrashes ||
         kind == MoveKind::kForgets;
}

std::string text_of(const saga::Action& action) {
  switch (action.kind) {
    case saga::ActionKind::kWrite:
      if (action.step == Step::kAccept && action.to == OrderState::kRunning) return "it writes the accepted order";
      return "it writes " + text_of(action.from) + " -> " + text_of(action.to);
    case saga::ActionKind::kSend:
      return "it sends " + text_of(action.step) + ", attempt " + std::to_string(action.attempt);
    case saga::ActionKind::kBackoff:
      return "it backs off";
    case saga::ActionKind::kReject:
      return "it tells the client that the order does not exist and never will";
    case saga::ActionKind::kTellHeld:
      return "it tells that the order is held";
    case saga::ActionKind::kTellEnded:
      return "it tells the end";
  }
  return "";
}

}  // namespace

void Story::begin(const World& world, Move move) {
  lines_.push_back(is_of_participant(move.kind) ? of_participant(world, move)
                                                : of_engine(world, move, name(move.engine)));
}

void Story::add(const saga::Action& action, const saga::Saga& saga) {
  lines_.back().append("; ").append(text_of(action));
  if (action.kind == saga::ActionKind::kTellEnded) lines_.back().append(": ").append(saga::to_string(saga.row));
}

void Story::renamed(const Places& places) {
  const auto before = names_;
  for (std::size_t i = 0; i < kMaxEngines; ++i) names_[i] = before.at(places[i]);
}

std::string Story::name(std::size_t engine) {
  int& name = names_.at(engine);
  if (name == 0) name = ++spoken_of_;
  return "engine " + std::to_string(name);
}

std::string Story::text() const {
  std::string text;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    text.append(number.size() < 3 ? 3 - number.size() : 0, ' ').append(number).append(" ").append(lines_[i]) += '\n';
  }
  return text;
}

std::string describe(const World& world) {
  std::string text = text_of(world.row);
  for (std::size_t p = 0; p < kParticipants; ++p) {
    const auto& it = world.participants[p];
    text.append("; ").append(name_of(p)).append(" ").append(to_string(it.durable));
    text.append(" (").append(std::to_string(it.applied)).append(" applied, ").append(std::to_string(it.reversed));
    text.append(" reversed)");
  }
  return text;
}

}  // namespace ldt::model
