#include "ldt/processes/data_folder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <optional>

#include "ldt/output/terminal.h"
#include "ldt/processes/files.h"

namespace ldt {
namespace {

namespace fs = std::filesystem;

constexpr int kFormat = 1;
constexpr std::array kFolders{"run", "log", "payment", "inventory", "delivery", "order"};
constexpr const char* kVersionFile = "version";
constexpr const char* kSeedMarker = "seed.pending";
constexpr const char* kTokenFile = "operator.token";
constexpr const char* kAddressFile = "http.address";
/// Services of a supervisor that was killed get SIGTERM by its death and need a moment.
constexpr std::chrono::milliseconds kSilentPatience{500};
constexpr std::chrono::milliseconds kServicesPatience{15'000};
/// Somebody who only asks whether the lock is held has it for an instant.
constexpr std::chrono::milliseconds kSupervisorPatience{100};

Result<void> make_root(const std::string& path) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (error) return failure(ErrorKind::kInternal, "cannot make " + path + ": " + error.message());
  return make_folder(path);
}

/// A folder without a version is ours to fill only if it holds nothing but what an interrupted first start left.
bool is_fresh(const std::string& path) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    const std::string name = entry.path().filename().string();
    if (name != "run" && !name.starts_with(kSeedMarker) && !name.starts_with(kVersionFile)) return false;
  }
  return !error;
}

Result<void> check_format(const std::string& path) {
  const std::string version_file = path + "/" + kVersionFile;
  std::error_code error;
  if (!fs::exists(version_file, error)) {
    if (is_fresh(path)) return {};
    return failure(ErrorKind::kConflict, path + " holds other files and is no data folder; use an empty or a new one");
  }
  const std::string text = read_file(version_file);
  int version = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (bad != std::errc() || end != text.data() + text.size()) {
    return failure(ErrorKind::kConflict, version_file + " is broken: it should hold a number");
  }
  if (version <= kFormat) return {};
  return failure(ErrorKind::kConflict, path + " has data format " + text + "; this program knows " +
                                           std::to_string(kFormat) + ": use the newer version that made it");
}

/// The marker goes first: a start that is killed between the two seeds the folder next time.
Result<void> make_format(const std::string& path) {
  std::error_code error;
  if (fs::exists(path + "/" + kVersionFile, error)) return {};
  return write_file(path + "/" + kSeedMarker, "").and_then([&] {
    return write_file(path + "/" + kVersionFile, std::to_string(kFormat) + "\n");
  });
}

Result<void> make_folders(const std::string& path) {
  for (const char* name : kFolders) {
    if (auto made = make_folder(path + "/" + name); !made) return made;
  }
  return {};
}

Result<void> make_token(const std::string& path) {
  const std::string file = path + "/" + kTokenFile;
  std::error_code error;
  if (fs::exists(file, error)) return {};
  return write_file(file, random_secret() + "\n");
}

void remove_stale_sockets(const std::string& path) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path + "/run", error)) {
    std::error_code ignored;
    if (entry.is_socket(ignored)) fs::remove(entry.path(), ignored);
  }
}

Result<process::LockFile> lock_supervisor(const std::string& path) {
  auto lock = process::LockFile::acquire(DataFolder::supervisor_lock(path), kSupervisorPatience);
  if (lock || lock.error().kind != ErrorKind::kConflict) return lock;
  const auto holder = process::LockFile::holder(DataFolder::supervisor_lock(path));
  const std::string who = holder ? " (process " + std::to_string(*holder) + ")" : "";
  return failure(ErrorKind::kConflict, path + " is already in use" + who + "; `ldt down` stops it");
}

Result<process::LockFile> lock_services(const std::string& path) {
  const std::string file = DataFolder::services_lock(path);
  auto lock = process::LockFile::acquire(file, kSilentPatience);
  if (lock || lock.error().kind != ErrorKind::kConflict) return lock;
  complain("waiting for services of an earlier run to end");
  auto patient = process::LockFile::acquire(file, kServicesPatience);
  if (patient || patient.error().kind != ErrorKind::kConflict) return patient;
  return failure(ErrorKind::kConflict, "services of an earlier run do not end; end the processes that hold " + file);
}

}  // namespace

Result<DataFolder> DataFolder::open(const std::string& path) {
  auto ready =
      make_root(path).and_then([&] { return check_format(path); }).and_then([&] { return make_folder(path + "/run"); });
  if (!ready) return tl::unexpected(ready.error());
  auto supervisor = lock_supervisor(path);
  if (!supervisor) return tl::unexpected(supervisor.error());
  auto services = lock_services(path);
  if (!services) return tl::unexpected(services.error());
  ready = make_format(path).and_then([&] { return make_folders(path); }).and_then([&] { return make_token(path); });
  if (!ready) return tl::unexpected(ready.error());
  remove_stale_sockets(path);
  return DataFolder(path, std::move(*supervisor), std::move(*services));
}

bool DataFolder::needs_seed() const {
  std::error_code error;
  return fs::exists(file(kSeedMarker), error);
}

void DataFolder::mark_seeded() const {
  std::error_code error;
  fs::remove(file(kSeedMarker), error);
}

Result<void> DataFolder::publish_address(const Address& address) const {
  return write_file(file(kAddressFile), address.text() + "\n");
}

void DataFolder::withdraw_address() const {
  std::error_code error;
  fs::remove(file(kAddressFile), error);
}

std::string DataFolder::read_address(const std::string& path) { return read_file(path + "/" + kAddressFile); }

std::string DataFolder::read_operator_token(const std::string& path) { return read_file(path + "/" + kTokenFile); }

}  // namespace ldt
