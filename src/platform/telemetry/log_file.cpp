// Appends log lines to a file with write(2), and renames files out of its way.
// Depends on POSIX. Invariant: see the header; every lost line is counted in what append() returns.
#include "platform/telemetry/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace ldt::telemetry {
namespace {

/// A line that is written in part counts as lost: its end stays in the rest.
std::uint64_t count_lines(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

LogFile::LogFile(Options options, StderrLine& complaints) : options_(std::move(options)), complaints_(complaints) {}

LogFile::~LogFile() { close_file(); }

std::uint64_t LogFile::append(std::string_view lines) {
  if (!ensure_open()) return count_lines(lines);
  if (torn_ && write_all("\n") != 1) return count_lines(lines);
  const std::size_t written = write_all(lines);
  if (size_ > options_.max_bytes) rotate();
  return count_lines(lines.substr(written));
}

bool LogFile::ensure_open() {
  if (fd_ >= 0) {
    struct stat now {};
    if (::fstat(fd_, &now) == 0 && now.st_nlink > 0) return true;
    close_file();  // somebody removed it
  }
  return open_file();
}

bool LogFile::open_file() {
  if (!options_.directory.empty()) {
    std::error_code ignored;  // open() says what is wrong
    std::filesystem::create_directories(options_.directory, ignored);
  }
  fd_ = ::open(path(0).c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd_ < 0) {
    complain("cannot open the log file", errno);
    return false;
  }
  struct stat now {};
  size_ = ::fstat(fd_, &now) == 0 ? static_cast<std::uint64_t>(now.st_size) : 0;
  char last = '\n';
  if (size_ > 0 && ::pread(fd_, &last, 1, static_cast<off_t>(size_ - 1)) != 1) last = '\0';
  torn_ = last != '\n';
  return true;
}

void LogFile::close_file() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void LogFile::rotate() {
  close_file();
  const int oldest = options_.max_files - 1;
  if (oldest < 1) {
    ::unlink(path(0).c_str());
    return;
  }
  for (int generation = oldest; generation > 0; --generation) {
    if (::rename(path(generation - 1).c_str(), path(generation).c_str()) != 0 && errno != ENOENT) {
      complain("cannot rotate the log file", errno);
    }
  }
}

/// Returns how many bytes were written.
std::size_t LogFile::write_all(std::string_view bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t count = ::write(fd_, bytes.data() + written, bytes.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      complain("cannot write the log file", errno);
      break;
    }
    written += static_cast<std::size_t>(count);
  }
  if (written > 0) torn_ = bytes[written - 1] != '\n';
  begin_writeback(written);
  size_ += written;
  return written;
}

/// Left alone, the system writes half a minute of lines at once, and every commit beside it waits for the disk. Advice
/// only: that it is not followed does no harm.
void LogFile::begin_writeback(std::size_t bytes) const {
  ::sync_file_range(fd_, static_cast<off64_t>(size_), static_cast<off64_t>(bytes), SYNC_FILE_RANGE_WRITE);
}

std::string LogFile::path(int generation) const {
  std::string path = options_.directory.empty() ? options_.name : options_.directory + "/" + options_.name;
  if (generation > 0) path += "." + std::to_string(generation);
  return path;
}

void LogFile::complain(std::string_view what, int error) {
  complaints_.say(std::string(what) + " " + path(0) + ": " + std::strerror(error) + "; log lines are dropped");
}

}  // namespace ldt::telemetry
