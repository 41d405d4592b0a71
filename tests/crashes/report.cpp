#include "crashes/report.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <sstream>
#include <utility>

namespace ldt::crashes {
namespace {

std::string table_of(const Tally& tally) {
  std::ostringstream text;
  text << std::left << std::setw(28) << "struck at, with" << std::right;
  for (const auto name : kServiceNames) text << std::setw(11) << name;
  text << "\n";
  for (const auto& [operation, by_service] : tally.by_operation) {
    text << std::left << std::setw(28) << operation << std::right;
    for (const auto count : by_service) text << std::setw(11) << count;
    text << "\n";
  }
  return text.str();
}

}  // namespace

void write_report(const Tally& tally, std::size_t planned, std::size_t all) {
  std::ostringstream text;
  text << planned << " of " << all << " points in " << tally.passes << " passes: " << tally.struck << " struck, "
       << tally.not_reached << " not reached, " << tally.taken_back << " writes dropped by power cuts, " << tally.again
       << " passes made again, " << tally.failed << " failed\n";
  const std::string summary = text.str();
  std::printf("%s%s", table_of(tally).c_str(), summary.c_str());
  const char* folder = std::getenv("LDT_REPORTS");
  if (folder == nullptr) return;
  std::ofstream page(std::string(folder) + "/crashes.md");
  page << "# Crash points\n\n" << summary << "\n```\n" << table_of(tally) << "```\n";
}

Heartbeat::Heartbeat(std::string what) : what_(std::move(what)), thread_([this] { run(); }) {}

Heartbeat::~Heartbeat() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  ended_.notify_one();
  thread_.join();
}

void Heartbeat::run() {
  std::unique_lock lock(mutex_);
  do {
    std::printf("  %s\n", what_.c_str());
    std::fflush(stdout);
  } while (!ended_.wait_for(lock, std::chrono::milliseconds(1500), [this] { return over_; }));
}

}  // namespace ldt::crashes
