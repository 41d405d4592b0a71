// Decides which orders are placed: every instruction alone, under both ways of handling a failure, and the pairs.
// Pure. Invariant: the same options make the same trials, in the same order.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "failures/instructions.h"
#include "support/oracle.h"

namespace ldt::testing {

enum class Mode { kRevert, kHoldThenRetry, kHoldThenCancel, kPair, kInvalid };

/// What an order does to its neighbours, and so beside which others it can be placed.
enum class Company {
  kAny,       // harms nobody
  kCrashing,  // ends a participant's process, and needs no silence of one
  kWaiting,   // ends a participant's process, and waits for the silence of one: together with others, then a pause
  kOrder,     // ends the order service
};

struct Trial {
  int first = 0, second = -1;  // positions in all_instructions(); second -1: alone
  Mode mode = Mode::kRevert;
  OrderRequest request;  // user and SKU are given when it is placed
  std::vector<Steer> steering;
  Foretold foretold;
  Company company = Company::kAny;
  std::array<int, 3> crashes{};  // of payment, inventory and delivery
  bool helped = false;           // an undo comes about only by one more instruction, the last
  bool disarmed = false;         // an undo that cannot come about, whatever helps
};

struct PlanOptions {
  bool every_pair = false;  // also those of crashes that strike more than once
  std::uint64_t seed = 0;   // which of those pairs are the sample
  int sample = 400;         // how many
  std::string filter;       // a part of the name of what is tried; empty: all
};

struct Plan {
  std::vector<Instruction> instructions;
  std::vector<Trial> trials;
  int pairs = 0;         // there are
  int rare_pairs = 0;    // of these: with a crash that strikes more than once
  int rare_planned = 0;  // of these: planned
  int singles = 0;
};

[[nodiscard]] Plan make_plan(const PlanOptions& options, int step_timeout_ms);

/// "payment.charge=TIMEOUT, payment.refund=CRASH:n=2 (pair)"
[[nodiscard]] std::string name_of(const Plan& plan, const Trial& trial);

inline constexpr std::int64_t kPrice = 10;
inline constexpr std::int64_t kQuantity = 2;
inline constexpr std::int64_t kCreditsAtFirst = 500;
inline const Situation kSituation{.credits = kCreditsAtFirst, .stock = 1'000'000, .price = kPrice};

}  // namespace ldt::testing
