// Calls the shipped code so that a CHECK of its own that fails is a finding, not the end of the checker.
// Depends on signals: a failed CHECK aborts, and the handler jumps back to the caller.
// Invariant: nothing with a destructor lives between guarded() and the CHECK, since both sides are pure functions.
#pragma once

#include <csetjmp>
#include <stdexcept>
#include <utility>

namespace ldt::model {

/// The shipped code did something that it never may: a CHECK of its own failed (it has said which on stderr), or it
/// came to a state or an action that there is not.
class CheckFailed : public std::runtime_error {
 public:
  explicit CheckFailed(const char* what = "a CHECK of the shipped code failed") : std::runtime_error(what) {}
};

/// Once, before the first guarded().
void catch_failed_checks();

namespace guard {
extern thread_local sigjmp_buf t_return;
extern thread_local volatile bool t_active;
}  // namespace guard

/// @throws CheckFailed
template <class Function>
auto guarded(const Function& function) {
  if (sigsetjmp(guard::t_return, 0) != 0) throw CheckFailed();
  guard::t_active = true;
  auto result = function();
  guard::t_active = false;
  return result;
}

}  // namespace ldt::model
