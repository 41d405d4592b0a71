#include "ldt/cluster/programs.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "ldt/processes/run_program.h"
#include "platform/process/unique_fd.h"

namespace ldt::cluster {
namespace {

namespace fs = std::filesystem;

std::string look_up(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string all = path != nullptr ? path : "";
  std::istringstream folders(all.append(":/usr/bin:/usr/sbin:/bin:/sbin"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string program = folder;
    program.append("/").append(name);
    if (!folder.empty() && ::access(program.c_str(), X_OK) == 0) return program;
  }
  return "";
}

/// Debian keeps each version's programs in a folder of its own, outside of PATH.
std::string newest_postgres() {
  int newest = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", error)) {
    const std::string name = entry.path().filename().string();
    int version = 0;
    std::from_chars(name.data(), name.data() + name.size(), version);
    if (version > newest && ::access((entry.path() / "bin/initdb").c_str(), X_OK) == 0) newest = version;
  }
  return newest == 0 ? "" : "/usr/lib/postgresql/" + std::to_string(newest) + "/bin";
}

/// Of "patroni 3.0.2", 3.
int major_version(const std::string& program) {
  const process::UniqueFd said(::memfd_create("version", MFD_CLOEXEC));
  process::SpawnRequest request;
  request.program = program;
  request.arguments = {"--version"};
  request.working_directory = "/";
  request.output = said.get();
  std::array<char, 64> text{};
  if (!said || !run_to_end(request) || ::pread(said.get(), text.data(), text.size(), 0) <= 0) return 0;
  const auto digit = std::find_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  int version = 0;
  std::from_chars(digit, text.end(), version);
  return version;
}

}  // namespace

Result<std::string> find_program(const std::string& name, const std::string& package) {
  std::string program = look_up(name);
  if (!program.empty()) return program;
  return failure(ErrorKind::kUnavailable, name + " is not installed; Debian's package is " + package);
}

Result<Programs> find_programs() {
  Programs programs;
  std::string missing;
  const auto need = [&](std::string& program, std::string found, const char* package) {
    program = std::move(found);
    if (program.empty() && missing.find(package) == std::string::npos) missing += std::string(" ") + package;
  };
  need(programs.etcd, look_up("etcd"), "etcd-server");
  need(programs.etcdctl, look_up("etcdctl"), "etcd-client");
  need(programs.patroni, look_up("patroni"), "patroni");
  need(programs.postgres_folder, newest_postgres(), "postgresql");
  need(programs.psql, look_up("psql"), "postgresql-client");
  need(programs.haproxy, look_up("haproxy"), "haproxy");
  need(programs.setpriv, look_up("setpriv"), "util-linux");
  need(programs.nsenter, look_up("nsenter"), "util-linux");
  if (missing.empty()) {
    programs.patroni_version = major_version(programs.patroni);
    return programs;
  }
  return failure(ErrorKind::kUnavailable,
                 "a cluster needs programs that are not installed; on Debian: apt-get install" + missing);
}

}  // namespace ldt::cluster
