// Prints what was struck, by operation, fault and service, and writes it as a page.
// Depends on LDT_REPORTS in the environment, a folder; without it there is no page.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "crashes/campaign.h"

namespace ldt::crashes {

/// @param planned  points that were tried, of `all` that there are
void write_report(const Tally& tally, std::size_t planned, std::size_t all);

/// While it lives, says now and then that something is still under way.
class Heartbeat {
 public:
  explicit Heartbeat(std::string what);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

 private:
  void run();

  const std::string what_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace ldt::crashes
