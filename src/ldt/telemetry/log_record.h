// One log record as people read it, whether it came from the store or from a file, and what chooses among records.
// Pure but for colour. Invariant: what is printed cannot move a terminal's cursor.
#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "ldt/arguments.h"

namespace ldt {

/// A record of the store in the shape of a line of the files: its attributes beside its other members.
[[nodiscard]] boost::json::value flattened(const boost::json::value& stored);

/// time service severity body, the attributes that say more, the order if asked for, attempt, outcome, trace.
[[nodiscard]] std::string to_log_line(const boost::json::value& record, bool with_order);
/// The same without colour, time, service, order and trace: for a place that shows them already.
[[nodiscard]] std::string to_plain_log_text(const boost::json::value& record);

/// True where the command's filters want this line of a file.
/// @param since_us  0: whatever its age
[[nodiscard]] bool is_wanted(const LogsCommand& command, std::int64_t since_us, std::string_view line,
                             const boost::json::value& record);

}  // namespace ldt
