// Every failure instruction for real: alone, in pairs, each order compared with its documented end.
// Depends on the installed programs. Exit: 0 all as foretold, 1 not, 2 bad command line.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "failures/options.h"
#include "failures/plan.h"
#include "failures/report.h"
#include "failures/runner.h"

namespace ldt::testing {
namespace {

int run(const Options& options) {
  const Plan plan = make_plan(options.plan, options.step_timeout_ms);
  std::printf(
      "%zu orders: %d of one instruction, of %d pairs all but %d; --seed %llu chose %d of the %d whose CRASH strikes "
      "more than once\n",
      plan.trials.size(), plan.singles, plan.pairs, plan.rare_pairs - plan.rare_planned,
      static_cast<unsigned long long>(options.plan.seed), plan.rare_planned, plan.rare_pairs);
  if (plan.trials.empty()) throw std::runtime_error("nothing is called '" + options.plan.filter + "'");
  std::fflush(stdout);
  Runner runner(plan, options.runner);
  const Outcome outcome = runner.run();
  const Report report{plan, outcome};
  std::printf("%s%s%s", render_text(report, false).c_str(), render_wrong(report).c_str(), summary_of(report).c_str());
  if (const char* folder = std::getenv("LDT_REPORTS")) {
    write_reports(report, folder);
    std::printf("Pages: %s/failures.html and failures.md\n", folder);
  }
  std::printf("%d passed, %d failed\n", report.passed(), report.failed());
  return report.failed() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ldt::testing

int main(int count, char** words) {
  using namespace ldt::testing;
  Options options;
  try {
    options = parse_options({words + 1, words + count});
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "ldt-failures: %s\n%s", error.what(), kUsage);
    return 2;
  }
  if (options.help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  try {
    return run(options);
  } catch (const std::exception& error) {
    std::printf("ldt-failures: %s\n0 passed, 1 failed\n", error.what());
    return 1;
  }
}
