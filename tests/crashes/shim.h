// Decides what becomes of an operation of the process that the shim is loaded into. shim_calls.cpp brings every call
// here. Depends on control.h and undo_log.h. Invariant: one operation at a time is decided and performed, so that a
// process dies exactly where it was told to, and nothing is written behind a power cut.
#pragma once

#include <pthread.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "crashes/control.h"
#include "crashes/undo_log.h"

namespace ldt::crashes {

class Shim {
 public:
  /// The process's own, made at its first operation.
  static Shim& instance();

  using Pieces = std::vector<iovec>;
  /// A write or a send of `pieces`; `perform` does it with those that it is given. `offset`: of a write to a file;
  /// nothing: where the file stands. The result is the call's, with errno.
  ssize_t transfer(int fd, const Pieces& pieces, std::optional<off_t> offset,
                   const std::function<ssize_t(const Pieces&)>& perform);
  int sync(int fd, const std::function<int()>& perform);
  int truncate(int fd, off_t size, const std::function<int()>& perform);
  /// An unlink or a rename.
  int change_name(Class what, const std::function<int()>& perform);

 private:
  enum class Verdict { kProceed, kFail, kShort, kTear };

  Shim();
  [[nodiscard]] static std::optional<Class> classify(int fd);
  [[nodiscard]] bool strikes(Class what);
  /// Does not return where the process is to die at once. Sets errno for kFail.
  Verdict judge(Class what, int fd);
  Verdict strike(Class what, int fd);
  void stall();
  [[noreturn]] void die();
  [[noreturn]] void cut_power(bool keep_some);
  void remember(Class what, int fd, const Pieces& pieces, std::optional<off_t> offset);

  Control* control_ = nullptr;  // null: this process is not watched
  UndoLog undo_;
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
};

}  // namespace ldt::crashes
