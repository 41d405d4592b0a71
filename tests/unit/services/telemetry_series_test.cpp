// What the telemetry store hands out to Prometheus: names, labels, whose series are remembered and for how long, and
// what of them goes into the file.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "services/telemetry/prometheus_text.h"
#include "services/telemetry/series.h"

namespace ldt::telemetry_store {
namespace {

using std::chrono::seconds;

const SteadyTime kStart = SteadyTime{} + std::chrono::hours(1);

Resource resource(const std::string& service, const std::string& instance, Labels more = {}) {
  Labels labels{{"service.name", service}, {"service.namespace", "ldt"}, {"service.instance.id", instance}};
  labels.insert(labels.end(), more.begin(), more.end());
  return {service, service + instance, labels};
}

PointRecord point(const std::string& name, PointShape shape, double value, Labels labels = {}) {
  PointRecord record;
  record.name = name;
  record.shape = shape;
  record.number = value;
  record.value = std::to_string(value);
  record.description = "about it";
  for (const auto& [key, text] : labels) record.attributes += key + text;
  record.labels = std::move(labels);
  return record;
}

Batch batch_of(const Resource& from, std::vector<PointRecord> points) {
  Batch batch;
  batch.resources.push_back(from);
  batch.points = std::move(points);
  return batch;
}

bool tells(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(PrometheusName, FollowsUnitAndKind) {
  struct Row {
    std::string name, unit;
    PointShape shape;
    std::string wanted;
  };
  for (const Row& row : std::vector<Row>{
           {"ldt.orders", "{order}", PointShape::kCounter, "ldt_orders_total"},
           {"ldt.step.duration", "s", PointShape::kHistogram, "ldt_step_duration_seconds"},
           {"ldt.batch.size", "{command}", PointShape::kHistogram, "ldt_batch_size"},
           {"sent", "By", PointShape::kCounter, "sent_bytes_total"},
           {"already_total", "", PointShape::kCounter, "already_total"},
           {"already.seconds", "s", PointShape::kGauge, "already_seconds"},
           {"use", "1", PointShape::kGauge, "use_ratio"},
           {"use", "1", PointShape::kCounter, "use_total"},
           {"speed", "By/s", PointShape::kGauge, "speed_bytes_per_second"},
           {"odd--name. x", "", PointShape::kGauge, "odd_name_x"},
           {"2nd", "", PointShape::kGauge, "_2nd"},
           {"kind", "{a}/{b}", PointShape::kGauge, "kind"},
           {"orders", "{order}/s", PointShape::kGauge, "orders_per_second"},
       }) {
    EXPECT_EQ(prometheus_name(row.name, row.unit, row.shape), row.wanted) << row.name << " " << row.unit;
  }
}

TEST(PrometheusText, KeepsAFamilyTogetherUnderOneTypeAndTellsASeriesOnce) {
  PrometheusText text;
  const auto a = resource("order", "a");
  const auto b = resource("order", "b");
  text.add(a, point("x", PointShape::kGauge, 1));
  text.add(a, point("y", PointShape::kGauge, 2));
  text.add(b, point("x", PointShape::kGauge, 3));
  text.add(b, point("x", PointShape::kGauge, 4));      // the same series again
  text.add(b, point("x", PointShape::kHistogram, 5));  // another type
  text.add(b, point("z", PointShape::kOther, 6));      // no place there
  EXPECT_EQ(
      text.take(),
      "# HELP x about it\n# TYPE x gauge\nx{job=\"ldt/order\",instance=\"a\"} 1\nx{job=\"ldt/order\",instance=\"b\"} "
      "3\n# HELP y about it\n# TYPE y gauge\ny{job=\"ldt/order\",instance=\"a\"} 2\n");
}

TEST(PrometheusText, EscapesAndJoinsLabels) {
  PrometheusText text;
  Labels labels{{"a.b", "1"}, {"a_b", "2"}, {"job", "mine"}, {"le", "x"}, {"__secret", "s"}, {"q", "\"\\\n"}};
  text.add(resource("order", "a"), point("x", PointShape::kGauge, 0.5, labels));
  EXPECT_TRUE(tells(text.take(),
                    "x{job=\"ldt/order\",instance=\"a\",_secret=\"s\",a_b=\"1;2\",exported_job=\"mine\","
                    "exported_le=\"x\",q=\"\\\"\\\\\\n\"} 0.5"))
      << text.take();
}

TEST(PrometheusText, AddsUpBuckets) {
  PointRecord histogram = point("wait", PointShape::kHistogram, 7.5);
  histogram.unit = "s";
  histogram.count = 6;
  histogram.bounds = {0.5, 1};
  histogram.buckets = {1, 2, 3};
  PrometheusText text;
  text.add(resource("order", "a"), histogram);
  for (const std::string line : {"wait_seconds_bucket{job=\"ldt/order\",instance=\"a\",le=\"0.5\"} 1",
                                 "wait_seconds_bucket{job=\"ldt/order\",instance=\"a\",le=\"1\"} 3",
                                 "wait_seconds_bucket{job=\"ldt/order\",instance=\"a\",le=\"+Inf\"} 6",
                                 "wait_seconds_sum{job=\"ldt/order\",instance=\"a\"} 7.5",
                                 "wait_seconds_count{job=\"ldt/order\",instance=\"a\"} 6"}) {
    EXPECT_TRUE(tells(text.take(), line)) << line << " is not in\n" << text.take();
  }
}

TEST(Series, ShowTheLastValueOfEverySenderThatIsAlive) {
  Series series;
  const auto send = [&](const std::string& instance, int second) {
    auto batch = batch_of(resource("order", instance), {point("x", PointShape::kGauge, second)});
    series.take(batch, kStart + seconds(second));
  };
  const auto shown = [&](int second) {
    std::string instances;
    const std::string text = series.exposition(kStart + seconds(second));
    for (const std::string instance : {"alive", "killed", "once", "slow"}) {
      const bool info = tells(text, "target_info{job=\"ldt/order\",instance=\"" + instance + "\"} 1");
      const bool value = text.find("x{job=\"ldt/order\",instance=\"" + instance + "\"}") != std::string::npos;
      EXPECT_EQ(info, value) << instance;
      if (value) instances += instance + " ";
    }
    return instances;
  };
  for (int second = 0; second <= 400; second += 10) {
    send("alive", second);
    if (second <= 10) send("killed", second);
    if (second == 0) send("once", second);
    if (second % 60 == 0 && second <= 180) send("slow", second);
    if (second == 40) EXPECT_EQ(shown(second), "alive killed once slow ");
    if (second == 50) EXPECT_EQ(shown(second), "alive once slow ") << "killed sent every 10 s, and is silent for 40";
    if (second == 300) EXPECT_EQ(shown(second), "alive once slow ") << "nobody knows how often once sends";
    if (second == 310) EXPECT_EQ(shown(second), "alive slow ");
    if (second == 360) EXPECT_EQ(shown(second), "alive slow ") << "slow sends once a minute";
    if (second == 370) EXPECT_EQ(shown(second), "alive ");
  }
  const auto text = series.exposition(kStart + seconds(400));
  EXPECT_TRUE(tells(text, "x{job=\"ldt/order\",instance=\"alive\"} 400")) << text;
}

TEST(Series, AreForTheFileOnceAMinuteAndOnlyIfTheyChanged) {
  Series series;
  std::vector<int> written;
  for (int second = 0; second <= 200; second += 10) {
    const double value = second < 10 ? 1 : second < 150 ? 2 : 3;
    auto batch = batch_of(resource("order", "a"), {point("x", PointShape::kGauge, value)});
    series.take(batch, kStart + seconds(second));
    if (!batch.points.empty()) written.push_back(second);
  }
  EXPECT_EQ(written, (std::vector<int>{0, 60, 150})) << "at 120 it is what it was at 60";
}

TEST(Series, AreBoundedAndWhatIsBeyondGoesToTheFileAlone) {
  Series series;
  std::vector<PointRecord> points;
  for (int i = 0; i < 20'001; ++i) points.push_back(point("x" + std::to_string(i), PointShape::kGauge, i));
  auto batch = batch_of(resource("order", "a"), points);
  series.take(batch, kStart);
  auto again = batch_of(resource("order", "a"), points);
  series.take(again, kStart + seconds(1));
  ASSERT_EQ(again.points.size(), 1U);
  EXPECT_EQ(again.points.front().name, "x20000");
  EXPECT_EQ(series.exposition(kStart).find("x20000"), std::string::npos);
}

}  // namespace
}  // namespace ldt::telemetry_store
