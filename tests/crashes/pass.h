// One pass: the script from its first order to its last, with at most one point struck in each phase, and the books
// checked at the end. Depends on services.h and the public API.
// Invariant: a point that was struck is behind us, restart included, before the next phase begins.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crashes/checks.h"
#include "crashes/points.h"
#include "crashes/services.h"

namespace ldt::crashes {

struct PassResult {
  std::vector<Point> struck;
  std::vector<Point> not_reached;  // the service did less than when it was counted
  std::uint64_t taken_back = 0;    // writes that power cuts dropped
  Violations violations;
};

class Pass {
 public:
  /// @param points  at most one for each phase; kCreation only for run_from_creation()
  Pass(Services& services, const std::string& prefix, std::map<int, Point> points);

  /// With `counts`: restarts each service, orderly and not, and writes down what each phase did.
  PassResult run(Counts* counts = nullptr);
  /// Of services that do not run yet, in an empty folder: kCreation, the setting up, and the first few orders.
  PassResult run_from_creation();

 private:
  void run_phase(int phase, const std::function<void()>& work);
  void set_up();
  bool repeat_until_answered(const std::string& method, const std::string& path, const testing::Json& body);
  void place(std::size_t index);
  bool acknowledge(const ScriptedOrder& scripted, Told& told);
  bool look_up(const ScriptedOrder& scripted, Told& told);
  void await_end(const ScriptedOrder& scripted, Told& told);
  void restart(std::size_t service, bool orderly);
  void restart_for(int phase, bool orderly, Counts* counts);
  void account_for_ends(int phase, const Point* struck);
  void judge_end(const Ended& ended, const Point* struck, bool crash_instructed);
  void check_books_when_ready();
  void complain(const std::string& text) { result_.violations.push_back(where_ + ": " + text); }

  Services& services_;
  Client client_;
  const Script script_;
  const std::string prefix_;
  std::map<int, Point> points_;
  std::vector<Told> told_;
  std::optional<Point> before_;  // struck in the phase before
  std::string where_;
  PassResult result_;
};

}  // namespace ldt::crashes
