// Signals as something to wait for beside other descriptors, instead of handlers.
// Depends on Linux's signalfd. Invariant: the signals taken are blocked in this process from construction on.
#pragma once

#include <initializer_list>
#include <vector>

#include "platform/process/unique_fd.h"

namespace ldt::process {

class Signals {
 public:
  explicit Signals(std::initializer_list<int> numbers);
  /// Readable while signals wait.
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// The signals that arrived since the last call.
  [[nodiscard]] std::vector<int> take();

 private:
  UniqueFd fd_;
};

}  // namespace ldt::process
