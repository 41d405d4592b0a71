// A log file that only grows, line by line, until it is rotated: service.jsonl, service.jsonl.1, ...
// Depends on POSIX files. Used by one thread.
// Invariant: a line never begins behind a torn one, also after a kill -9 or a full disk; no error reaches the caller.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "platform/telemetry/stderr_line.h"

namespace ldt::telemetry {

class LogFile {
 public:
  struct Options {
    std::string directory;        // made if it is missing; empty: the working directory
    std::string name;             // of the file
    std::uint64_t max_bytes = 0;  // a file that has grown beyond this is rotated
    int max_files = 1;            // the current one included
  };

  LogFile(Options options, StderrLine& complaints);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  /// Appends whole lines. Opens the file where it is not open or has been removed. Returns how many lines were lost.
  std::uint64_t append(std::string_view lines);

 private:
  bool ensure_open();
  bool open_file();
  void close_file();
  void rotate();
  std::size_t write_all(std::string_view bytes);
  void begin_writeback(std::size_t bytes) const;
  [[nodiscard]] std::string path(int generation) const;
  void complain(std::string_view what, int error);

  const Options options_;
  StderrLine& complaints_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
  bool torn_ = false;  // the file does not end in a newline
};

}  // namespace ldt::telemetry
