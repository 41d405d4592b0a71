#include "platform/process/statistics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace ldt::process {
namespace {

using std::chrono::microseconds;

const auto kProcessBegan = std::chrono::steady_clock::now();

microseconds to_microseconds(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + microseconds(time.tv_usec);
}

std::int64_t resident_bytes() {
  std::int64_t size = 0;
  std::int64_t resident = 0;  // both in pages
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

}  // namespace

Usage usage() {
  rusage spent{};
  ::getrusage(RUSAGE_SELF, &spent);
  const auto uptime = std::chrono::steady_clock::now() - kProcessBegan;
  return {std::chrono::duration_cast<microseconds>(uptime),
          to_microseconds(spent.ru_utime) + to_microseconds(spent.ru_stime), resident_bytes()};
}

CommitCounters::Counts CommitCounters::counts() const {
  Counts counts;
  for (const auto& each : batch_sizes_) counts.batch_sizes.push_back(each.load(std::memory_order_relaxed));
  for (const std::int64_t each : counts.batch_sizes) counts.commits += each;
  while (!counts.batch_sizes.empty() && counts.batch_sizes.back() == 0) counts.batch_sizes.pop_back();
  counts.operations = operations_.load(std::memory_order_relaxed);
  return counts;
}

}  // namespace ldt::process
