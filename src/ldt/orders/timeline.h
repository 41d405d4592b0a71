// An order as people read it: what was tried when, what struck it, what was undone, how it ended.
// Pure. Invariant: shows every attempt that the server shows, in the order in which they began.
#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace ldt {

/// One attempt at one step of an order.
struct TimelineEntry {
  std::string step;
  std::int64_t number = 1;     // of the attempt, per step
  std::string outcome;         // empty: under way
  std::int64_t offset_us = 0;  // since the order was created
  std::int64_t duration_us = 0;
  bool undo = false;
  std::string struck;  // the instruction that struck this attempt, e.g. "TIMEOUT, applied"; empty: none
};

[[nodiscard]] std::vector<TimelineEntry> timeline_of(const boost::json::value& order);
/// One line, without newline.
[[nodiscard]] std::string to_line(const TimelineEntry& entry);
/// What was ordered: the page's beginning.
[[nodiscard]] std::string to_head(const boost::json::value& order);
/// The whole page: what was ordered, the timeline, how it ended.
[[nodiscard]] std::string to_page(const boost::json::value& order);

[[nodiscard]] bool is_final(const boost::json::value& order);

}  // namespace ldt
