#include "ldt/bench/process_costs.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace ldt::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDatabases = "/cluster/postgresql-";
constexpr std::string_view kOwn = "ldt-";

struct Used {
  std::string program;
  std::int64_t cpu_us = 0;
};

/// From "pid (program) state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt utime stime cutime
/// cstime".
Used used_by(const fs::path& process) {
  std::ifstream in(process / "stat", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto open = text.find('(');
  const auto close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return {};
  std::istringstream rest(text.substr(close + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) rest >> skipped;
  std::int64_t user = 0;
  std::int64_t system = 0;
  std::int64_t children_user = 0;
  std::int64_t children_system = 0;
  rest >> user >> system >> children_user >> children_system;
  const std::int64_t ticks = user + system + children_user + children_system;
  return {text.substr(open + 1, close - open - 1), ticks * 1'000'000 / ::sysconf(_SC_CLK_TCK)};
}

/// A server of PostgreSQL and all that serve its clients work in its data directory.
std::string name_of(const std::string& program, const std::string& works_in, const std::string& data_folder) {
  if (const auto at = works_in.find(kDatabases); at == data_folder.size()) {
    return works_in.substr(at + kDatabases.size() - std::string_view("postgresql-").size(),
                           std::string_view("postgresql-1").size());
  }
  return program.starts_with(kOwn) ? program.substr(kOwn.size()) : program;
}

/// Calls `see` for each process that works in the folder or under it, with its entry in /proc and where it works.
template <class See>
void for_each_in(const std::string& data_folder, See see) {
  std::error_code error;
  for (const auto& process : fs::directory_iterator("/proc", error)) {
    const std::string id = process.path().filename().string();
    if (id.find_first_not_of("0123456789") != std::string::npos) continue;
    std::error_code none;
    const std::string works_in = fs::read_symlink(process.path() / "cwd", none).string();
    if (!none && works_in.starts_with(data_folder)) see(process.path(), works_in);
  }
}

}  // namespace

CpuUse cpu_use(const std::string& data_folder) {
  CpuUse all;
  for_each_in(data_folder, [&](const fs::path& process, const std::string& works_in) {
    const Used used = used_by(process);
    if (!used.program.empty()) all[name_of(used.program, works_in, data_folder)] += used.cpu_us;
  });
  return all;
}

std::vector<std::pair<std::string, pid_t>> processes_in(const std::string& data_folder) {
  std::vector<std::pair<std::string, pid_t>> found;
  for_each_in(data_folder, [&](const fs::path& process, const std::string&) {
    found.emplace_back(used_by(process).program, static_cast<pid_t>(std::stol(process.filename().string())));
  });
  return found;
}

}  // namespace ldt::bench
