// Where a reader's events go: the response that carries them, without its protocol.
// Depends on nothing. Invariant: one of refuse(), nothing_more() and begin() comes first, and only begin() is followed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace ldt::order {

using ReaderId = std::uint64_t;

/// Used by the hub's thread alone; no call blocks.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void refuse(const Error& error) = 0;
  /// The reader has been told everything before, and there will be no more.
  virtual void nothing_more() = 0;
  virtual void begin() = 0;
  virtual void write(std::string part) = 0;
  virtual void end() = 0;
  /// The reader does not keep up, or cannot be told what it missed: it shall come again.
  virtual void cut_off() = 0;
};

using MakeSink = std::function<std::unique_ptr<EventSink>(ReaderId)>;

}  // namespace ldt::order
