// Breadth-first search over every world that a configuration can reach.
// Depends on driver.h, closing.h, rules.h.
// Invariant: what it finds first is as short as any; the same configuration always finds the same.
#pragma once

#include <atomic>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "model/closing.h"
#include "model/config.h"
#include "model/driver.h"
#include "model/encoding.h"
#include "model/fingerprints.h"

namespace ldt::model {

struct Counterexample {
  std::string what;
  std::string story;  // numbered lines
};

struct Outcomes {
  std::uint64_t states = 0;
  std::uint64_t changes = 0;  // moves that were tried
  std::uint64_t endings = 0;  // worlds of closing runs
  std::uint32_t depth = 0;    // moves from the first world to the farthest one seen
  bool complete = false;      // every reachable world was seen
  std::optional<Counterexample> counterexample;
};

/// What is done so far, for whoever shows it meanwhile.
struct Progress {
  std::atomic<std::uint64_t> states{0};
  std::atomic<std::uint32_t> depth{0};
};

struct Limits {
  std::uint64_t states = 0;  // 0: none
  bool judge_rules = true;   // W1-W5 as well as harm
};

class Explorer {
 public:
  Explorer(const Config& config, Mutant mutant, const Limits& limits);
  [[nodiscard]] Outcomes run(Progress& progress);

 private:
  struct Step {
    std::uint32_t parent = 0;
    std::uint16_t move = 0;
  };
  struct Candidate {
    World world;
    Packed packed;
    std::uint64_t print = 0;
    Move move;
  };
  struct Finding {
    std::string what;
    std::uint32_t from = 0;  // the world in steps_ that the last move, if any, starts from
    std::optional<Move> move;
    bool closing = false;
  };

  bool add_first();
  bool expand(std::uint32_t index, const Packed& packed);
  bool consider(std::uint32_t index, const World& world, Move move);
  bool add(std::uint32_t parent, const Candidate& candidate);
  [[nodiscard]] const char* wrong_with(const World& world, bool& closing);
  bool find(Finding finding);
  [[nodiscard]] Counterexample explain(const Finding& finding);
  [[nodiscard]] World replay(std::uint32_t index, Story& story) const;

  const Config& config_;
  const Limits limits_;
  const Driver driver_;
  Closing closing_;
  Fingerprints seen_;
  std::deque<Step> steps_;  // how each world was reached, in the order in which they were found
  std::vector<Packed> next_;
  std::vector<Candidate> candidates_;
  std::optional<Finding> finding_;
  Outcomes outcomes_;
};

}  // namespace ldt::model
