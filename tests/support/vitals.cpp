#include "support/vitals.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "support/process.h"

namespace ldt::testing {
namespace {

std::filesystem::path proc(pid_t pid) { return std::filesystem::path("/proc") / std::to_string(pid); }

}  // namespace

Vitals vitals_of(pid_t pid) {
  Vitals vitals;
  std::istringstream status(read_text(proc(pid) / "status"));
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) vitals.resident_kib = std::stol(line.substr(6));
    if (line.rfind("VmHWM:", 0) == 0) vitals.peak_kib = std::stol(line.substr(6));
  }
  std::error_code gone;
  for (std::filesystem::directory_iterator entry(proc(pid) / "fd", gone), end; !gone && entry != end;
       entry.increment(gone)) {
    ++vitals.descriptors;
  }
  return vitals;
}

void forget_peak(pid_t pid) { std::ofstream(proc(pid) / "clear_refs") << "5"; }

bool is_sanitized(pid_t pid) {
  const auto maps = read_text(proc(pid) / "maps");
  return maps.find("libasan") != std::string::npos || maps.find("libtsan") != std::string::npos;
}

}  // namespace ldt::testing
