// Everything that can happen in a world, and what then follows: the driver around the shipped saga and participant.
// Depends on world.h, config.h, mutants.h. Invariant: whatever an engine or a participant decides, the shipped step()
// and decide() decided it; this only carries their words and lets faults strike between any two of them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "model/config.h"
#include "model/mutants.h"
#include "model/world.h"

namespace ldt::model {

class Story;

enum class MoveKind : std::uint8_t {
  kPlaceOrder,          // a client places the order at an engine
  kTakeOver,            // an engine finds the row unfinished, and drives it: after a crash, or beside another
  kEngineCrashes,       // its saga is lost; what it sent is not
  kRowChanges,          // an engine's write becomes durable
  kHearsWritten,        // ... and the engine is told
  kHearsConflict,       // its write met another row than it expected
  kWriteFails,          // its write ended in doubt: done and not told, or not done
  kAcceptRefused,       // a failure instruction refuses order.accept
  kDecides,             // a participant takes a command that changes something
  kCommits,             // ... its decision becomes durable (staged)
  kParticipantCrashes,  // ... or is lost (staged)
  kForgets,             // mutants only
  kAnswerArrives,       // a participant's answer reaches an engine
  kAttemptFails,        // no answer, or a broken one
  kBackoffElapses,
  kCancel,  // by a user
  kRetry,   // by a user
};

/// Fits into 16 bits, so that the way to every state can be kept.
struct Move {
  MoveKind kind = MoveKind::kPlaceOrder;
  std::uint8_t engine = 0;
  std::uint8_t participant = 0;
  std::uint8_t detail = 0;  // kDecides: a Desk; kAnswerArrives: an index of kAnswers; failures: 1 is UNKNOWN;
                            // kTakeOver: 1 where the order can never be accepted

  [[nodiscard]] std::uint16_t code() const {
    return static_cast<std::uint16_t>(static_cast<unsigned>(kind) | engine << 5U | participant << 7U | detail << 9U);
  }
  [[nodiscard]] static Move decode(std::uint16_t code) {
    return {static_cast<MoveKind>(code & 31U), static_cast<std::uint8_t>(code >> 5U & 3U),
            static_cast<std::uint8_t>(code >> 7U & 3U), static_cast<std::uint8_t>(code >> 9U)};
  }
};

class MoveList {
 public:
  void add(Move move) { moves_.at(size_++) = move; }
  [[nodiscard]] const Move* begin() const { return moves_.data(); }
  [[nodiscard]] const Move* end() const { return moves_.data() + size_; }

 private:
  std::array<Move, 192> moves_{};
  std::size_t size_ = 0;
};

class Driver {
 public:
  Driver(const Config& config, Mutant mutant);

  [[nodiscard]] World first() const;
  /// Every move that may change something in this world.
  [[nodiscard]] MoveList moves(const World& world) const;
  /// @param story  told what happens, where there is one
  void apply(World& world, Move move, Story* story = nullptr) const;

  /// True where the row is what this engine's write expects.
  [[nodiscard]] bool row_matches(const World& world, std::size_t engine) const {
    return matches(mutant_, world.row, world.engines[engine].write);
  }

 private:
  [[nodiscard]] Engine fresh_engine() const;
  [[nodiscard]] const std::optional<Verdict>& verdict_on(OperationState remembered, Desk desk) const {
    return verdicts_[static_cast<std::size_t>(remembered)][static_cast<std::size_t>(desk)];
  }
  [[nodiscard]] bool is_replay(OperationState remembered, Desk desk) const;
  [[nodiscard]] bool matters_to(const Engine& engine, const saga::Event& event) const;
  void add_row_moves(const World& world, std::uint8_t engine, MoveList& list) const;
  void add_engine_moves(const World& world, std::uint8_t engine, MoveList& list) const;
  void add_participant_moves(const World& world, std::uint8_t participant, MoveList& list) const;
  void apply_to_engine(World& world, Move move, Story* story) const;
  void apply_to_participant(World& world, Move move) const;
  void tell(World& world, std::size_t engine, const saga::Event& event, Story* story) const;
  void perform(World& world, std::size_t engine, const saga::Action& action, Story* story) const;
  void send(World& world, std::size_t engine, const saga::Action& action) const;
  void send_early(World& world, std::size_t engine, Story* story) const;
  static void tell_end(World& world, OrderState state);
  static void change_row(World& world, std::size_t engine);
  void decide_and_commit(World& world, std::size_t participant, Desk desk) const;
  static void answer(World& world, std::size_t participant, Verb verb, OperationState state);
  void answer_replays(World& world) const;

  const Config& config_;
  const Mutant mutant_;
  const saga::Policy policy_;
  // decide() has so few arguments here that it is asked once for each.
  std::array<std::array<std::optional<Verdict>, kDesks>, participant::kOperationStates> verdicts_;
};

/// What the command on a participant's desk asks for.
[[nodiscard]] Verb verb_of(Desk desk);

}  // namespace ldt::model
