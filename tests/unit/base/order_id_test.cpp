// Order ids: version 7 UUIDs that strictly ascend, and the only text that names each of them.
#include "base/order_id.h"

#include <set>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ldt {
namespace {

constexpr WallTime kNow{1'700'000'000'123'456};

TEST(OrderId, ShowsItselfAsAVersion7Uuid) {
  OrderIdGenerator ids;
  const auto text = ids.next(kNow, 0xFFFF'FFFF'FFFF'FFFF).to_string();
  ASSERT_EQ(text.size(), 36u);
  EXPECT_EQ(text.substr(0, 15), "018bcfe5-687b-7");
  EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos) << "the variant of RFC 9562";
}

TEST(OrderId, KnowsTheMillisecondItWasMadeIn) {
  OrderIdGenerator ids;
  EXPECT_EQ(ids.next(kNow, 1).created_at().us, kNow.us / 1000 * 1000);
}

TEST(OrderId, AscendsWithinOneMillisecondBeyondItsCounter) {
  OrderIdGenerator ids;
  auto last = ids.next(kNow, 0);
  for (int i = 0; i < 10'000; ++i) {
    const auto next = ids.next(kNow, static_cast<std::uint64_t>(-i));
    ASSERT_LT(last, next) << i;
    ASSERT_TRUE(OrderId::parse(next.to_string()).has_value());
    last = next;
  }
}

TEST(OrderId, ParsesUpperCaseAndNothingMalformed) {
  const std::string good = "01932c0e-0000-7000-8000-00000000abcd";
  EXPECT_TRUE(OrderId::parse(good).has_value());
  EXPECT_EQ(OrderId::parse("01932C0E-0000-7000-8000-00000000ABCD"), OrderId::parse(good));
  const std::string bad[] = {
      "",
      good + "0",
      good.substr(0, 35),
      "01932c0e00007000800000000000abcd",
      "{1932c0e-0000-7000-8000-00000000abcd",
      "01932c0e-0000-7000-8000-00000000abcg",
      "01932c0e-0000-4000-8000-00000000abcd",  // version 4
      "01932c0e-0000-7000-0000-00000000abcd",  // another variant
      "01932c0e-0000-7000-8000 00000000abcd",
      std::string(36, '-'),
  };
  for (const auto& text : bad) EXPECT_EQ(OrderId::parse(text), std::nullopt) << text;
}

TEST(OrderId, IsTakenFromExactly16Bytes) {
  OrderIdGenerator ids;
  const auto id = ids.next(kNow, 42);
  EXPECT_EQ(OrderId::from_bytes(id.view()), id);
  EXPECT_EQ(OrderId::from_bytes(id.view().substr(1)), std::nullopt);
  EXPECT_EQ(OrderId::from_bytes(std::string(17, 'x')), std::nullopt);
}

RC_GTEST_PROP(OrderId, StrictlyAscendsWhateverTheClockDoes, ()) {
  const auto times = *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 1LL << 50));
  OrderIdGenerator ids;
  std::optional<OrderId> last;
  for (const auto us : times) {
    const auto next = ids.next(WallTime{us}, *rc::gen::arbitrary<std::uint64_t>());
    RC_ASSERT(!last || *last < next);
    last = next;
  }
}

RC_GTEST_PROP(OrderId, ReadsBackWhatItShows, (std::uint32_t ms, std::uint64_t random)) {
  OrderIdGenerator ids;
  const auto id = ids.next(WallTime{std::int64_t{ms} * 1000}, random);
  RC_ASSERT(OrderId::parse(id.to_string()) == id);
}

}  // namespace
}  // namespace ldt
