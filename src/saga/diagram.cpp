// Prints docs/saga.md: the saga's transition table as a diagram, so that the page cannot differ from the code.
// Depends on the saga alone.
#include <cstdio>

#include "saga/saga.h"

int main() {
  std::printf(
      "# The saga of an order\n\n"
      "Generated from the transition table in `src/saga/saga.cpp`; `tools/generate-docs` writes it, and the lint stage "
      "of\n"
      "`./ldt test` fails where it is stale. Staying in a phase is always allowed: a retry, a late answer, a cancel "
      "that waits.\n\n"
      "```mermaid\n%s```\n\n"
      "| phase | the order's row | what is under way |\n|---|---|---|\n"
      "| Accepting | none yet | the accepted order is being written; nothing has been sent |\n"
      "| Doing | RUNNING | charge, reserve or deliver, or the backoff before its next attempt |\n"
      "| Completing | RUNNING | three DONE; COMPLETED is being written |\n"
      "| Holding, Held, Resuming | RUNNING, HELD, HELD | a step ended in TIMEOUT or UNKNOWN under `on_failure: HOLD`; "
      "nothing is "
      "undone |\n"
      "| Failing | RUNNING or HELD | REVERTING(reason) is being written; no undo has left |\n"
      "| Undoing | REVERTING | revoke, release or refund, newest first, tried for ever |\n"
      "| Reverted | REVERTING | every undo is answered; REVERTED is being written |\n"
      "| Ended | COMPLETED, REVERTED or none | nothing |\n",
      ldt::saga::transition_diagram().c_str());
  return 0;
}
