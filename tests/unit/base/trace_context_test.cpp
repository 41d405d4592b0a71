// Trace contexts: W3C Trace Context level 1, and that a malformed header is no context at all.
#include "base/trace_context.h"

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ldt {
namespace {

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kSpan = "00f067aa0ba902b7";

TEST(TraceContext, ReadsTheExampleOfTheStandard) {
  const auto context = TraceContext::parse("00-" + kTrace + "-" + kSpan + "-01");
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(to_hex(context->trace_id), kTrace);
  EXPECT_EQ(to_hex(context->span_id), kSpan);
  EXPECT_TRUE(context->sampled);
}

TEST(TraceContext, ReadsWhetherItIsSampledFromTheLowestBitAlone) {
  EXPECT_FALSE(TraceContext::parse("00-" + kTrace + "-" + kSpan + "-00")->sampled);
  EXPECT_FALSE(TraceContext::parse("00-" + kTrace + "-" + kSpan + "-02")->sampled);
  EXPECT_TRUE(TraceContext::parse("00-" + kTrace + "-" + kSpan + "-03")->sampled);
}

TEST(TraceContext, TakesALaterVersionAsFarAsItKnowsIt) {
  EXPECT_TRUE(TraceContext::parse("cc-" + kTrace + "-" + kSpan + "-01").has_value());
  EXPECT_TRUE(TraceContext::parse("cc-" + kTrace + "-" + kSpan + "-01-what-the-future-brings").has_value());
  EXPECT_FALSE(TraceContext::parse("cc-" + kTrace + "-" + kSpan + "-01.what").has_value());
}

TEST(TraceContext, IsNothingWhereTheHeaderIsMalformed) {
  const std::string bad[] = {
      "",
      "00",
      kTrace,
      "00-" + kTrace + "-" + kSpan,
      "00-" + kTrace + "-" + kSpan + "-0",
      "00-" + kTrace + "-" + kSpan + "-01-more",
      "ff-" + kTrace + "-" + kSpan + "-01",
      "0x-" + kTrace + "-" + kSpan + "-01",
      "00-" + std::string(32, '0') + "-" + kSpan + "-01",
      "00-" + kTrace + "-" + std::string(16, '0') + "-01",
      "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + kSpan + "-01",
      "00-" + kTrace + "_" + kSpan + "-01",
      "00-" + kTrace + "-" + kSpan + "-zz",
      " 00-" + kTrace + "-" + kSpan + "-01",
  };
  for (const auto& text : bad) EXPECT_FALSE(TraceContext::parse(text).has_value()) << text;
}

RC_GTEST_PROP(TraceContext, ReadsBackWhatItWrites,
              (std::uint64_t high, std::uint64_t low, std::uint64_t span, bool sampled)) {
  const TraceContext context{make_trace_id(high, low), make_span_id(span), sampled};
  RC_ASSERT(context.valid());
  const auto read = TraceContext::parse(context.traceparent());
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->trace_id == context.trace_id);
  RC_ASSERT(read->span_id == context.span_id);
  RC_ASSERT(read->sampled == sampled);
}

RC_GTEST_PROP(TraceContext, SurvivesAnyHeader, (const std::string& text)) {
  const auto context = TraceContext::parse(text);
  RC_ASSERT(!context || context->valid());
}

}  // namespace
}  // namespace ldt
