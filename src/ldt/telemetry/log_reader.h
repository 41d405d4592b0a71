// Reads one service's log, oldest file first, and merges several in the order of time.
// Depends on POSIX files. Lines are looked at as bytes and parsed by nobody here: files of hundreds of MB must not
// matter. Invariant: lines of one service keep their order.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ldt {

/// Where services log: "", and of a cluster "host-1/" and so on.
[[nodiscard]] std::vector<std::string> log_folders(const std::string& folder);

/// The services that have a log in the folder: "order" for order.jsonl, order.jsonl.1, ...; "host-1/order" of a
/// cluster.
[[nodiscard]] std::vector<std::string> logged_services(const std::string& folder);

/// The time that a line starts with; empty where the line is torn.
[[nodiscard]] std::string_view time_of_line(std::string_view line);

/// Where reading of a service's current file ended, so that what is appended can be read from there.
struct LogPosition {
  std::string path;
  unsigned long inode = 0;
  std::size_t offset = 0;
};

/// Calls `each` with every line of the services' logs that contains `needle` (empty: every line), in the order of time.
/// @return where each service's log ended
std::vector<LogPosition> read_logs(const std::string& folder, const std::vector<std::string>& services,
                                   std::string_view needle, const std::function<void(std::string_view)>& each);

/// The end of each service's log as it is now.
[[nodiscard]] std::vector<LogPosition> log_ends(const std::string& folder, const std::vector<std::string>& services);

/// Lines that came since, of all services in the order of time; moves the positions on, over a rotation too.
[[nodiscard]] std::vector<std::string> read_new_lines(std::vector<LogPosition>& positions);

}  // namespace ldt
