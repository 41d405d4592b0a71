// The handler of SIGABRT.
// Depends on guard.h.
#include "model/guard.h"

#include <csignal>

namespace ldt::model {

namespace guard {
thread_local sigjmp_buf t_return;
thread_local volatile bool t_active = false;
}  // namespace guard

namespace {

void on_abort(int) {
  if (!guard::t_active) return;  // not ours: abort() goes on
  guard::t_active = false;
  siglongjmp(guard::t_return, 1);
}

}  // namespace

void catch_failed_checks() {
  struct sigaction action {};
  action.sa_handler = on_abort;
  action.sa_flags = SA_NODEFER;
  sigaction(SIGABRT, &action, nullptr);
}

}  // namespace ldt::model
