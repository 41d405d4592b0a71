// The remembered operation: every transition of the protocol, and what a repeated or late command gets.
#include "participant/operation.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ldt::participant {
namespace {

constexpr Payload kPayload{.holder = 1, .item = kNoName, .amount = 20};

struct Row {
  OperationState from;
  Verb verb;
  bool accepted;
  OperationState to;
  Effect effect;
};

std::ostream& operator<<(std::ostream& out, const Row& row) {
  return out << to_string(row.from) << (row.verb == Verb::kDo ? " do" : " undo")
             << (row.accepted ? " accepted" : " refused");
}

// The protocol as designed: NONE -> DONE | REFUSED | TOMBSTONE, DONE -> UNDONE; the last three never change.
constexpr Row kProtocol[] = {
    {kNone, Verb::kDo, true, kDone, Effect::kApply},
    {kNone, Verb::kDo, false, kRefused, Effect::kNothing},
    {kNone, Verb::kUndo, true, kTombstone, Effect::kNothing},
    {kNone, Verb::kUndo, false, kTombstone, Effect::kNothing},
    {kDone, Verb::kDo, true, kDone, Effect::kNothing},
    {kDone, Verb::kDo, false, kDone, Effect::kNothing},
    {kDone, Verb::kUndo, true, kUndone, Effect::kReverse},
    {kDone, Verb::kUndo, false, kUndone, Effect::kReverse},
    {kRefused, Verb::kDo, true, kRefused, Effect::kNothing},
    {kRefused, Verb::kDo, false, kRefused, Effect::kNothing},
    {kRefused, Verb::kUndo, true, kRefused, Effect::kNothing},
    {kRefused, Verb::kUndo, false, kRefused, Effect::kNothing},
    {kTombstone, Verb::kDo, true, kTombstone, Effect::kNothing},
    {kTombstone, Verb::kDo, false, kTombstone, Effect::kNothing},
    {kTombstone, Verb::kUndo, true, kTombstone, Effect::kNothing},
    {kTombstone, Verb::kUndo, false, kTombstone, Effect::kNothing},
    {kUndone, Verb::kDo, true, kUndone, Effect::kNothing},
    {kUndone, Verb::kDo, false, kUndone, Effect::kNothing},
    {kUndone, Verb::kUndo, true, kUndone, Effect::kNothing},
    {kUndone, Verb::kUndo, false, kUndone, Effect::kNothing},
};

class OperationProtocol : public testing::TestWithParam<Row> {};

TEST_P(OperationProtocol, IsFollowed) {
  const auto& row = GetParam();
  const auto decision = decide({row.from, kPayload}, row.verb, kPayload, row.accepted);
  ASSERT_TRUE(decision.has_value());
  EXPECT_EQ(decision->state, row.to);
  EXPECT_EQ(decision->effect, row.effect);
  EXPECT_EQ(decision->replayed, row.from == row.to);
}

INSTANTIATE_TEST_SUITE_P(InEveryState, OperationProtocol, testing::ValuesIn(kProtocol));

TEST(Operation, IsAConflictUnderAnotherPayload) {
  const Payload others[] = {
      {.holder = 2, .amount = 20}, {.holder = 1, .item = 3, .amount = 20}, {.holder = 1, .amount = 21}};
  for (const auto state : {kDone, kRefused, kTombstone, kUndone}) {
    for (const auto verb : {Verb::kDo, Verb::kUndo}) {
      for (const auto& other : others) EXPECT_FALSE(decide({state, kPayload}, verb, other, true)) << to_string(state);
    }
  }
}

TEST(Operation, AsksTheRulesOnlyAboutWhatIsNew) {
  for (const auto state : {kNone, kDone, kRefused, kTombstone, kUndone}) {
    EXPECT_EQ(needs_verdict(state, Verb::kDo), state == kNone);
    EXPECT_FALSE(needs_verdict(state, Verb::kUndo));
  }
}

RC_GTEST_PROP(Operation, TakesEffectAtMostOnceAndIsReversedAtMostOnceWhateverArrives, ()) {
  const auto commands = *rc::gen::container<std::vector<std::pair<bool, bool>>>(
      rc::gen::pair(rc::gen::arbitrary<bool>(), rc::gen::arbitrary<bool>()));
  Operation operation;
  int applied = 0;
  int reversed = 0;
  for (const auto& [is_do, accepted] : commands) {
    const auto decision = decide(operation, is_do ? Verb::kDo : Verb::kUndo, kPayload, accepted);
    RC_ASSERT(decision.has_value());
    RC_ASSERT(decision->state != kNone);
    applied += decision->effect == Effect::kApply ? 1 : 0;
    reversed += decision->effect == Effect::kReverse ? 1 : 0;
    RC_ASSERT(reversed <= applied && applied <= 1);
    RC_ASSERT((applied - reversed == 1) == (decision->state == kDone));
    operation = {decision->state, kPayload};
  }
}

}  // namespace
}  // namespace ldt::participant
