// Chaos under load: see kUsage. Measures the top load, then a calm time at half of it, then the faults, then verifies.
// Depends on the installed programs. Exit: 0 all checks passed, 1 not, 2 bad command line.
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <stdexcept>

#include "chaos/faults.h"
#include "chaos/generator.h"
#include "chaos/options.h"
#include "chaos/traffic.h"
#include "chaos/verify.h"

namespace ldt::testing {
namespace {

constexpr int kOrdersAtATime = 256;  // of the closed loop
constexpr double kTopSeconds = 4, kCalmSeconds = 6, kWarmUpSeconds = 1;
constexpr double kKillsPerSecond = 40 / 108.0;  // 40 in what is left of two minutes
constexpr std::chrono::seconds kAllEndWithin{30};
constexpr std::int64_t kCredits = 1'000'000'000, kInitialCredits = 500, kRestock = 1'000'000, kRestocks = 100;

void say(const std::string& text) {
  std::printf("  %s\n", text.c_str());
  std::fflush(stdout);
}

/// As many open files as may be, for this process and the services that it starts.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

class Chaos {
 public:
  Chaos(const Options& options, std::uint64_t seed)
      : options_(options), seed_(seed), traffic_(seed, market_.address()), generator_(market_.address(), traffic_) {}

  int run() {
    stock_up();
    measure_top();
    const int rate = options_.rate > 0 ? options_.rate : std::max(1, static_cast<int>(std::lround(top_ / 2)));
    say("orders arrive at " + std::to_string(rate) + "/s");
    run_calm(rate);
    const double seconds = std::max(5.0, options_.minutes * 60 - kTopSeconds - kCalmSeconds - kWarmUpSeconds);
    const int kills = static_cast<int>(std::ceil(seconds * kKillsPerSecond));
    Faults faults(market_, generator_, make_schedule(seed_, seconds, kills));
    run_faults(faults);
    settle(faults);
    print_summary(faults, rate);
    checks_.push_back({"at least " + std::to_string(kills) + " processes were killed",
                       faults.killed() >= kills ? "" : std::to_string(faults.killed()) + " were"});
    checks_.push_back({"after every fault the supervisor could be started", faults.trouble()});
    checks_.push_back({"I8: orders completed during the faults", goodput_ > 0 ? "" : "none did"});
    try {
      const auto more = verify(market_, traffic_, {kCredits + kInitialCredits, kRestock * kRestocks, 1}, say);
      checks_.insert(checks_.end(), more.begin(), more.end());
    } catch (const std::exception& error) {
      checks_.push_back({"the marketplace answers", error.what()});
    }
    return print_checks();
  }

 private:
  void stock_up() {
    auto client = market_.client();
    client.set_price(Traffic::kSku, 1);
    for (int i = 0; i < kRestocks; ++i) client.restock(Traffic::kSku, kRestock);
    for (std::uint32_t user = 0; user < Traffic::kUsers; ++user) client.grant(Traffic::user_of(user), kCredits);
  }

  /// Orders a second that were acknowledged over `seconds`, with a line of progress each second.
  double observe(const std::string& phase, double seconds, Faults* faults) {
    const auto begin = SteadyClock::now();
    const auto first = generator_.acknowledged();
    auto before = first;
    for (int second = 1; faults != nullptr ? !faults->done() : second <= seconds; ++second) {
      while (SteadyClock::now() < begin + std::chrono::seconds(second) && (faults == nullptr || !faults->done()))
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      const auto now = generator_.acknowledged();
      const auto news = faults != nullptr ? faults->take_news() : "";
      say(phase + " " + std::to_string(second) + " s: " + std::to_string(now - before) + " orders acknowledged, " +
          std::to_string(generator_.waiting()) + " wait to be sent" + (news.empty() ? "" : "; " + news));
      before = now;
    }
    const auto took = std::chrono::duration<double>(SteadyClock::now() - begin).count();
    return static_cast<double>(generator_.acknowledged() - first) / took;
  }

  void measure_top() {
    generator_.run_closed(kOrdersAtATime);
    observe("warm-up", kWarmUpSeconds, nullptr);
    generator_.take_latencies();
    top_ = observe("top load", kTopSeconds, nullptr);
    top_latencies_ = generator_.take_latencies();
  }

  void run_calm(int rate) {
    generator_.run_open(rate);
    calm_ = observe("calm", kCalmSeconds, nullptr);
    calm_latencies_ = generator_.take_latencies();
  }

  void run_faults(Faults& faults) {
    goodput_ = observe("faults", 0, &faults);
    fault_latencies_ = generator_.take_latencies();
  }

  /// I5: within 30 s of the last fault every order that was begun is acknowledged and has ended.
  void settle(Faults& faults) {
    const auto last = faults.finish();
    const auto deadline = last + kAllEndWithin;
    if (faults.trouble().empty()) market_.wait_until_ready();
    say("the last fault is over; all have " + std::to_string(kAllEndWithin.count()) + " s from then to end");
    const auto open = generator_.finish(deadline);
    checks_.push_back({"every order that was begun is acknowledged within 30 s of the last fault",
                       open == 0 ? "" : std::to_string(open) + " are not"});
    std::string left;
    const bool ended = await_all_ended(market_.address(), deadline, left) >= 0;
    settled_ = std::chrono::duration<double>(SteadyClock::now() - last).count();
    checks_.push_back({"I5: every order ended within 30 s of the last fault", ended ? "" : left});
  }

  void print_summary(const Faults& faults, int rate) const {
    std::printf("\nseed %llu, %.1f minutes\n", static_cast<unsigned long long>(seed_), options_.minutes);
    std::printf("  top load      %8.0f orders/s (%d at a time)\n", top_, kOrdersAtATime);
    std::printf("  calm          %8.0f orders/s of %d that arrived\n", calm_, rate);
    std::printf("  during faults %8.0f orders/s, %.0f %% of the calm and %.0f %% of the top load\n", goodput_,
                100 * goodput_ / std::max(1.0, calm_), 100 * goodput_ / std::max(1.0, top_));
    std::printf("  %llu requests were sent again, %llu orders turned away before they were begun\n",
                static_cast<unsigned long long>(generator_.retried()),
                static_cast<unsigned long long>(generator_.turned_away()));
    const auto row = [](const char* name, const Percentiles& p) {
      std::printf("  latency, %-13s p50 %8.1f   p95 %8.1f   p99 %8.1f   worst %8.1f ms\n", name, p.p50, p.p95, p.p99,
                  p.worst);
    };
    row("top load", top_latencies_);
    row("calm", calm_latencies_);
    row("during faults", fault_latencies_);
    std::printf("  %d processes killed\n", faults.killed());
    for (const auto& [kind, count] : faults.counts()) std::printf("  %4d x %s\n", count, kind.c_str());
    print_slowest_recovery();
    std::printf("  all ended %.1f s after the last fault\n\n", settled_);
  }

  /// A recovery that a further fault prolonged counts in full.
  void print_slowest_recovery() const {
    Recovery slowest;
    for (const auto& recovery : generator_.recoveries()) {
      if (recovery.seconds > slowest.seconds) slowest = recovery;
    }
    if (slowest.seconds >= 0)
      std::printf("  slowest recovery: %.2f s after %s until an order begun then completed\n", slowest.seconds,
                  slowest.what.c_str());
  }

  int print_checks() const {
    int failed = 0;
    for (const auto& [what, trouble] : checks_) {
      std::printf("  %s  %s\n", trouble.empty() ? "ok    " : "FAILED", what.c_str());
      if (trouble.empty()) continue;
      ++failed;
      std::printf("          %s\n", trouble.c_str());
    }
    const auto seed = static_cast<unsigned long long>(seed_);
    if (failed > 0) std::printf("the same faults and orders again: --seed %llu --minutes %g\n", seed, options_.minutes);
    std::printf("%d passed, %d failed\n", static_cast<int>(checks_.size()) - failed, failed);
    return failed == 0 ? 0 : 1;
  }

  const Options options_;
  const std::uint64_t seed_;
  Marketplace market_;
  Traffic traffic_;
  Generator generator_;
  double top_ = 0, calm_ = 0, goodput_ = 0, settled_ = 0;
  Percentiles top_latencies_, calm_latencies_, fault_latencies_;
  std::vector<Check> checks_;
};

}  // namespace
}  // namespace ldt::testing

int main(int count, char** words) {
  using namespace ldt::testing;
  Options options;
  try {
    options = parse_options({words + 1, words + count});
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "ldt-chaos: %s\n%s", error.what(), kUsage);
    return 2;
  }
  if (options.help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  const auto seed = options.seed.value_or(std::random_device{}());
  std::printf("seed: --seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  raise_file_limit();
  try {
    return Chaos(options, seed).run();
  } catch (const std::exception& error) {
    std::printf("ldt-chaos: %s\n0 passed, 1 failed\n", error.what());
    return 1;
  }
}
