#include "services/telemetry/series.h"

#include <algorithm>
#include <vector>

#include "services/telemetry/prometheus_text.h"

namespace ldt::telemetry_store {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostSenders = 1'000;
constexpr std::size_t kMostSeries = 20'000;
constexpr std::chrono::seconds kWriteEvery{60};
// Silent is who has missed two of its own turns; who was heard once has until the longest usual turn has passed.
constexpr int kTurns = 3;
constexpr milliseconds kLeastPatience{30'000};
constexpr milliseconds kMostPatience{300'000};

}  // namespace

void Series::take(Batch& batch, SteadyTime now) {
  if (batch.points.empty()) return;
  const std::lock_guard lock(mutex_);
  forget_silent(now);
  std::vector<Sender*> senders;
  for (const Resource& resource : batch.resources) senders.push_back(sender_of(resource, now));
  std::erase_if(batch.points, [&](const PointRecord& point) {
    Sender* sender = senders[point.resource];
    return sender != nullptr && !remember(*sender, point, now);
  });
}

/// Nothing where there are too many.
Series::Sender* Series::sender_of(const Resource& resource, SteadyTime now) {
  auto found = senders_.find(resource.attributes);
  if (found == senders_.end()) {
    if (senders_.size() >= kMostSenders) return nullptr;
    found = senders_.emplace(resource.attributes, Sender{resource, now, {}, {}}).first;
  }
  Sender& sender = found->second;
  if (now > sender.heard) sender.pause = std::chrono::duration_cast<milliseconds>(now - sender.heard);
  sender.heard = now;
  return &sender;
}

bool Series::remember(Sender& sender, const PointRecord& point, SteadyTime now) {
  auto found = sender.all.find({point.name, point.attributes});
  if (found == sender.all.end()) {
    if (count_ >= kMostSeries) return true;
    ++count_;
    sender.all.emplace(std::pair(point.name, point.attributes), One{point, point.value, now});
    return true;
  }
  One& one = found->second;
  one.point = point;
  if (now - one.written_at < kWriteEvery || one.written == point.value) return false;
  one.written = point.value;
  one.written_at = now;
  return true;
}

bool Series::is_silent(const Sender& sender, SteadyTime now) {
  const auto own = sender.pause.count() == 0 ? kMostPatience : sender.pause * kTurns;
  return now - sender.heard > std::clamp(own, kLeastPatience, kMostPatience);
}

void Series::forget_silent(SteadyTime now) {
  std::erase_if(senders_, [&](const auto& entry) {
    if (!is_silent(entry.second, now)) return false;
    count_ -= entry.second.all.size();
    return true;
  });
}

std::string Series::exposition(SteadyTime now) const {
  PrometheusText text;
  const std::lock_guard lock(mutex_);
  for (const auto& [attributes, sender] : senders_) {
    if (is_silent(sender, now)) continue;
    text.add_target(sender.resource);
    for (const auto& [name, one] : sender.all) text.add(sender.resource, one.point);
  }
  return text.take();
}

}  // namespace ldt::telemetry_store
