#include "ldt/telemetry/log_reader.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>

#include "platform/process/unique_fd.h"

namespace ldt {
namespace {

constexpr std::string_view kSuffix = ".jsonl";
constexpr std::string_view kHostPrefix = "host-";
constexpr std::string_view kTimePrefix = "{\"time\":\"";
constexpr std::size_t kTimeLength = 27;  // 2026-01-31T12:00:00.000000Z
constexpr int kMostGenerations = 1000;

process::UniqueFd open_for_reading(const std::string& path) {
  return process::UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

std::string current_file(const std::string& folder, const std::string& service) {
  return folder + "/" + service + std::string(kSuffix);
}

/// A file in memory, as long as it was when it was opened.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path) {
    const auto fd = open_for_reading(path);
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0 || status.st_size == 0) return;
    inode_ = status.st_ino;
    size_ = static_cast<std::size_t>(status.st_size);
    void* memory = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (memory == MAP_FAILED) return;
    ::madvise(memory, size_, MADV_SEQUENTIAL);
    memory_ = memory;
  }
  ~MappedFile() {
    if (memory_ != nullptr) ::munmap(memory_, size_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  [[nodiscard]] std::string_view text() const {
    return memory_ == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(memory_), size_);
  }
  [[nodiscard]] ino_t inode() const { return inode_; }

 private:
  ino_t inode_ = 0;
  void* memory_ = nullptr;
  std::size_t size_ = 0;
};

std::string_view whole_lines(std::string_view text) {
  const auto end = text.rfind('\n');
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end + 1);
}

/// Cuts off the next line that contains the needle.
std::optional<std::string_view> next_line(std::string_view& rest, std::string_view needle) {
  if (rest.empty()) return std::nullopt;  // an empty view may have no memory at all
  if (!needle.empty()) {
    const void* hit = ::memmem(rest.data(), rest.size(), needle.data(), needle.size());
    if (hit == nullptr) return std::nullopt;
    const auto at = static_cast<std::size_t>(static_cast<const char*>(hit) - rest.data());
    const auto before = rest.substr(0, at).rfind('\n');
    if (before != std::string_view::npos) rest.remove_prefix(before + 1);
  }
  const auto end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

/// The lines of one service that contain the needle, one after the other.
class ServiceLog {
 public:
  ServiceLog(const std::string& folder, const std::string& service, std::string_view needle) : needle_(needle) {
    position_.path = current_file(folder, service);
    // The current file is opened first: one that is rotated meanwhile is then read twice at worst, never missed.
    open(position_.path);
    for (int generation = 1; generation < kMostGenerations; ++generation) {
      const std::string path = position_.path + "." + std::to_string(generation);
      if (!std::filesystem::exists(path)) break;
      open(path);
    }
    position_.inode = files_.front()->inode();
    position_.offset = whole_lines(files_.front()->text()).size();
    advance();
  }

  /// Nothing after the last one.
  [[nodiscard]] const std::optional<std::string_view>& line() const { return line_; }
  [[nodiscard]] std::string_view time() const { return time_; }
  [[nodiscard]] const LogPosition& end() const { return position_; }

  void advance() {
    while (true) {
      line_ = next_line(rest_, needle_);
      if (line_ || files_.empty()) break;
      reading_ = std::move(files_.back());
      files_.pop_back();
      rest_ = whole_lines(reading_->text());
    }
    // A torn line stays beside the one before it.
    if (line_ && !time_of_line(*line_).empty()) time_ = time_of_line(*line_);
  }

 private:
  void open(const std::string& path) { files_.push_back(std::make_unique<MappedFile>(path)); }

  std::string_view needle_;
  std::vector<std::unique_ptr<MappedFile>> files_;  // newest first; the last is read next
  std::unique_ptr<MappedFile> reading_;
  std::string_view rest_;
  std::optional<std::string_view> line_;
  std::string time_;
  LogPosition position_;
};

void append_lines(std::vector<std::string>& lines, std::string_view text) {
  while (const auto line = next_line(text, "")) lines.emplace_back(*line);
}

/// What the file has from `offset` on, up to its last whole line.
std::string read_from(int fd, std::size_t offset) {
  std::string text;
  std::string chunk(1U << 16U, '\0');
  ssize_t got = 0;
  while ((got = ::pread(fd, chunk.data(), chunk.size(), static_cast<off_t>(offset + text.size()))) > 0) {
    text.append(chunk, 0, static_cast<std::size_t>(got));
  }
  return std::string(whole_lines(text));
}

void read_new_lines(LogPosition& position, std::vector<std::string>& lines) {
  auto fd = open_for_reading(position.path);
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return;
  if (status.st_ino != position.inode && position.inode != 0) {
    // Rotated: the end of the file that was read is now in the one before.
    const auto previous = open_for_reading(position.path + ".1");
    struct stat before {};
    if (previous && ::fstat(previous.get(), &before) == 0 && before.st_ino == position.inode) {
      append_lines(lines, read_from(previous.get(), position.offset));
    }
    position.offset = 0;
  }
  position.inode = status.st_ino;
  const std::string text = read_from(fd.get(), position.offset);
  position.offset += text.size();
  append_lines(lines, text);
}

}  // namespace

std::vector<std::string> log_folders(const std::string& folder) {
  std::set<std::string> folders{""};
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kHostPrefix) && entry.is_directory(error)) folders.insert(name + "/");
  }
  return {folders.begin(), folders.end()};
}

std::vector<std::string> logged_services(const std::string& folder) {
  std::set<std::string> services;
  for (const auto& within : log_folders(folder)) {
    std::error_code error;
    for (const auto& file : std::filesystem::directory_iterator(std::filesystem::path(folder) / within, error)) {
      const std::string name = file.path().filename().string();
      const auto suffix = name.find(kSuffix);
      if (suffix != std::string::npos && suffix > 0) services.insert(within + name.substr(0, suffix));
    }
  }
  return {services.begin(), services.end()};
}

std::string_view time_of_line(std::string_view line) {
  if (line.size() < kTimePrefix.size() + kTimeLength || line.substr(0, kTimePrefix.size()) != kTimePrefix) return {};
  return line.substr(kTimePrefix.size(), kTimeLength);
}

std::vector<LogPosition> read_logs(const std::string& folder, const std::vector<std::string>& services,
                                   std::string_view needle, const std::function<void(std::string_view)>& each) {
  std::vector<std::unique_ptr<ServiceLog>> logs;
  logs.reserve(services.size());
  for (const auto& service : services) logs.push_back(std::make_unique<ServiceLog>(folder, service, needle));
  while (true) {
    ServiceLog* earliest = nullptr;
    for (const auto& log : logs) {
      if (log->line() && (earliest == nullptr || log->time() < earliest->time())) earliest = log.get();
    }
    if (earliest == nullptr) break;
    each(*earliest->line());
    earliest->advance();
  }
  std::vector<LogPosition> ends;
  ends.reserve(logs.size());
  for (const auto& log : logs) ends.push_back(log->end());
  return ends;
}

std::vector<LogPosition> log_ends(const std::string& folder, const std::vector<std::string>& services) {
  std::vector<LogPosition> ends;
  for (const auto& service : services) {
    LogPosition end{current_file(folder, service), 0, 0};
    struct stat status {};
    if (::stat(end.path.c_str(), &status) == 0)
      end = {end.path, status.st_ino, static_cast<std::size_t>(status.st_size)};
    ends.push_back(std::move(end));
  }
  return ends;
}

std::vector<std::string> read_new_lines(std::vector<LogPosition>& positions) {
  std::vector<std::string> lines;
  for (auto& position : positions) read_new_lines(position, lines);
  std::stable_sort(lines.begin(), lines.end(),
                   [](const auto& a, const auto& b) { return time_of_line(a) < time_of_line(b); });
  return lines;
}

}  // namespace ldt
