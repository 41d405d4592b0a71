#include "ldt/processes/run_program.h"

#include <chrono>
#include <thread>

namespace ldt {
namespace {

constexpr std::chrono::milliseconds kPause{2};

}  // namespace

Result<process::Ended> run_to_end(const process::SpawnRequest& request) {
  const auto child = process::spawn(request);
  if (!child) return tl::unexpected(child.error());
  while (true) {
    if (const auto ended = process::reap(*child)) return *ended;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace ldt
