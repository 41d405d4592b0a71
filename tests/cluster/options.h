// The command line of the stage. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ldt::testing {

struct ClusterOptions {
  double minutes = 0;  // 0: each fault at most once
  std::optional<std::uint64_t> seed;
  int rate = 100;
  int replicas = 2;
  std::string only;  // faults whose name has this in it
  bool all = false;
  bool mixture = false;
  bool list = false;
  bool help = false;
};

inline constexpr const char* kClusterUsage =
    "cluster [--all] [--mixture] [--minutes N] [--only TEXT] [--seed N] [--rate N] [--replicas N] [--list]\n"
    "  Orders arrive at a cluster (`ldt up --cluster`) while its replicas and its primary are killed, its hosts are "
    "cut\n"
    "  off from each other, its standby is slow, and all of it is restarted. After each of these the audit is clean, "
    "and\n"
    "  at the end nothing acknowledged is lost. Then the same where connections are lost in COMMIT.\n"
    "  --all         every fault once (5 minutes), not only the quick ones and one of the others\n"
    "  --mixture     faults at random (1 minute, or --minutes N) while orders carry random failure instructions, "
    "CRASH\n"
    "                among them; each order's end is held against the oracle\n"
    "  --minutes N   faults drawn at random for so long\n"
    "  --only TEXT   the faults whose name has TEXT in it\n"
    "  --seed N      of the faults and the orders; printed\n"
    "  --rate N      orders a second (100)\n"
    "  --replicas N  of each service (2)\n"
    "  --list        names the faults\n"
    "  Hosts are cut off from each other where they are network namespaces: for root.\n";

/// Throws std::invalid_argument, in words for the user.
[[nodiscard]] ClusterOptions parse_cluster_options(const std::vector<std::string>& words);

}  // namespace ldt::testing
