// The search and, where it finds something, the story of it.
// Depends on explorer.h.
#include "model/explorer.h"

#include <algorithm>
#include <utility>

#include "model/guard.h"
#include "model/rules.h"
#include "model/story.h"

namespace ldt::model {

Explorer::Explorer(const Config& config, Mutant mutant, const Limits& limits)
    : config_(config), limits_(limits), driver_(config, mutant), closing_(driver_) {}

Outcomes Explorer::run(Progress& progress) {
  bool going = add_first();
  std::uint32_t index = 0;
  while (going && !next_.empty()) {
    const auto level = std::exchange(next_, {});
    for (const Packed& packed : level) {
      const bool enough = limits_.states != 0 && steps_.size() >= limits_.states;
      going = !enough && expand(index, packed);
      if (!going) break;
      if ((++index & 0xfffU) == 0) progress.states = steps_.size();
    }
    if (!next_.empty()) progress.depth = ++outcomes_.depth;
  }
  outcomes_.complete = going;
  outcomes_.states = steps_.size();
  outcomes_.endings = closing_.size();
  if (finding_) outcomes_.counterexample = explain(*finding_);
  return std::move(outcomes_);
}

bool Explorer::add_first() {
  Candidate first;
  first.world = driver_.first();
  first.packed = pack(first.world);
  first.print = fingerprint(first.packed);
  return add(0, first);
}

/// False where something is wrong with a world that follows this one.
bool Explorer::expand(std::uint32_t index, const Packed& packed) {
  const World world = unpack(packed, config_.handling());
  candidates_.clear();
  std::optional<Move> trying;
  try {
    for (const Move move : driver_.moves(world)) {
      trying = move;
      if (!consider(index, world, move)) return false;
    }
  } catch (const CheckFailed& failed) {
    return find({failed.what(), index, trying});
  }
  return std::all_of(candidates_.begin(), candidates_.end(), [&](const auto& next) { return add(index, next); });
}

/// False where the move does harm by itself.
bool Explorer::consider(std::uint32_t index, const World& world, Move move) {
  ++outcomes_.changes;
  Candidate& next = candidates_.emplace_back();
  next.world = world;
  next.move = move;
  driver_.apply(next.world, move);
  const char* wrong = harm_of(world.row, next.world.row);
  if (wrong == nullptr && limits_.judge_rules) wrong = broken_rule_of(world, next.world);
  if (wrong != nullptr) return find({wrong, index, move});
  next.packed = pack(next.world);
  next.print = fingerprint(next.packed);
  seen_.prefetch(next.print);
  return true;
}

bool Explorer::add(std::uint32_t parent, const Candidate& candidate) {
  if (!seen_.insert(candidate.print)) return true;
  const auto index = static_cast<std::uint32_t>(steps_.size());
  steps_.push_back({parent, candidate.move.code()});
  next_.push_back(candidate.packed);
  bool closing = false;
  try {
    const char* wrong = wrong_with(candidate.world, closing);
    return wrong == nullptr || find({wrong, index, std::nullopt, closing});
  } catch (const CheckFailed& failed) {
    return find({failed.what(), index, std::nullopt, true});
  }
}

const char* Explorer::wrong_with(const World& world, bool& closing) {
  if (const char* harm = harm_in(world)) return harm;
  const char* rule = limits_.judge_rules ? broken_rule_in(world) : nullptr;
  if (rule != nullptr) return rule;
  closing = true;
  return closing_.harm_after(world);
}

bool Explorer::find(Finding finding) {
  finding_ = std::move(finding);
  return false;
}

World Explorer::replay(std::uint32_t index, Story& story) const {
  std::vector<std::uint16_t> moves;
  for (; index != 0; index = steps_[index].parent) moves.push_back(steps_[index].move);
  World world = driver_.first();
  for (auto move = moves.rbegin(); move != moves.rend(); ++move) {
    driver_.apply(world, Move::decode(*move), &story);
    Places places;
    world = unpack(pack(world, &places), config_.handling());
    story.renamed(places);
  }
  return world;
}

Counterexample Explorer::explain(const Finding& finding) {
  Story story;
  World world = replay(finding.from, story);
  try {
    if (finding.move) driver_.apply(world, *finding.move, &story);
    if (finding.closing) (void)closing_.harm_after(world, &story);
  } catch (const CheckFailed&) {  // that is the finding
  }
  return {finding.what, story.text()};
}

}  // namespace ldt::model
