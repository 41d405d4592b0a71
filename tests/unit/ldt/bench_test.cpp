// The pure parts of the load generator: percentiles that can be relied on, and answers that end where they end.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ldt/bench/histogram.h"
#include "ldt/bench/response.h"

namespace ldt::bench {
namespace {

using std::chrono::nanoseconds;

TEST(Histogram, OfNothingSaysZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.percentile(0.99), nanoseconds(0));
  EXPECT_EQ(histogram.max(), nanoseconds(0));
}

RC_GTEST_PROP(Histogram, IsNeverBelowTheTruePercentileAndHardlyAbove, ()) {
  const auto values = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::int64_t>>(
      rc::gen::oneOf(rc::gen::inRange<std::int64_t>(0, 1'000), rc::gen::inRange<std::int64_t>(0, 60'000'000'000))));
  Histogram histogram;
  for (const auto value : values) histogram.record(nanoseconds(value));
  auto sorted = values;
  std::sort(sorted.begin(), sorted.end());
  RC_ASSERT(histogram.max().count() == sorted.back());
  for (const double share : {0.0001, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
    const auto truth = static_cast<double>(sorted[rank - 1]);
    const auto said = static_cast<double>(histogram.percentile(share).count());
    RC_ASSERT(said >= truth);
    RC_ASSERT(said <= truth * 1.008);
  }
}

const std::string kHeader = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\ncontent-LENGTH:  17\r\n\r\n";
const std::string kBody = R"({"state":"DONE"}
)";

TEST(Response, IsWholeOnlyWithItsLastByte) {
  const std::string bytes = kHeader + kBody;
  Response response;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(scan_response(bytes.substr(0, size), response), Scan::kPartial) << size;
  }
  ASSERT_EQ(scan_response(bytes, response), Scan::kWhole);
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, kBody);
  EXPECT_EQ(response.size, bytes.size());
  ASSERT_EQ(scan_response(bytes + "HTTP/1.1 2", response), Scan::kWhole);
  EXPECT_EQ(response.size, bytes.size()) << "what follows is another answer's";
}

TEST(Response, IsBrokenWithoutALengthOrAsAnotherProtocol) {
  Response response;
  EXPECT_EQ(scan_response("HTTP/1.1 200 OK\r\nServer: x\r\n\r\n", response), Scan::kBroken);
  EXPECT_EQ(scan_response("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", response), Scan::kBroken);
  EXPECT_EQ(scan_response("220 mail.example\r\n\r\n", response), Scan::kBroken);
}

TEST(FirstText, IsTheFirstMemberOfThatName) {
  const std::string json = R"({"id":"x","state":"REVERTED","outcome":"UNKNOWN","steps":[{"outcome":"SUCCESS"}]})";
  EXPECT_EQ(first_text(json, "\"state"), "REVERTED");
  EXPECT_EQ(first_text(json, "\"outcome"), "UNKNOWN");
  EXPECT_EQ(first_text(json, "\"reason"), "");
  EXPECT_EQ(first_text(R"({"state":null})", "\"state"), "");
}

}  // namespace
}  // namespace ldt::bench
