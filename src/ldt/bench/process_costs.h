// What the processes of a marketplace are, and what those of a cluster have used of the processor, from /proc.
// Depends on Linux. Invariant: only processes that work in the data folder, or under it, are counted.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace ldt::bench {

/// Microseconds by what the process is: "order", "payment", "postgresql-1", "haproxy", "etcd", "patroni", ...
using CpuUse = std::map<std::string, std::int64_t>;

[[nodiscard]] CpuUse cpu_use(const std::string& data_folder);

/// The processes that work in the data folder, or under it, by their programs' names.
[[nodiscard]] std::vector<std::pair<std::string, pid_t>> processes_in(const std::string& data_folder);

}  // namespace ldt::bench
