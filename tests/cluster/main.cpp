// A cluster under load while it is damaged: see kClusterUsage. Each fault is carried out while orders arrive, and after
// each the audit is clean. Depends on the installed programs. Exit: 0 all checks passed, 1 not, 2 bad command line.
#include <algorithm>
#include <cstdio>
#include <random>
#include <stdexcept>
#include <thread>

#include "chaos/generator.h"
#include "chaos/traffic.h"
#include "chaos/verify.h"
#include "cluster/commit_cutter.h"
#include "cluster/faults.h"
#include "cluster/mixture.h"
#include "cluster/options.h"
#include "support/eventually.h"
#include "support/postgres_server.h"

namespace ldt::testing {
namespace {

constexpr std::chrono::seconds kStartWithin{180}, kAllEndWithin{30}, kGoesOnWithin{30};
constexpr std::int64_t kCredits = 1'000'000'000, kInitialCredits = 500, kStock = 100'000'000;
constexpr int kCutOneOf = 20, kLeastCuts = 60;
constexpr std::chrono::seconds kCutFor{60};
constexpr int kMixing = 16, kRateBeside = 20;  // clients, and orders a second beside theirs
constexpr std::chrono::seconds kQuiet{20}, kBeforeAFault{2};
constexpr const char* kMixtureFault = "a mixture of failure instructions";
constexpr const char* kCommitFault = "connections that are lost in COMMIT";

void say(const std::string& text) {
  std::printf("  %s\n", text.c_str());
  std::fflush(stdout);
}

std::string seconds_of(SteadyClock::duration time) {
  std::string text = std::to_string(std::chrono::duration<double>(time).count());
  return text.substr(0, text.find('.') + 2) + " s";
}

/// A marketplace under load, and what is found out about it.
class Run {
 public:
  Run(Marketplace::Options options, std::uint64_t seed, int rate)
      : market_(std::move(options)),
        traffic_(seed, market_.address()),
        generator_(market_.address(), traffic_),
        rate_(rate) {
    auto client = market_.client();
    client.set_price(Traffic::kSku, 1);
    client.restock(Traffic::kSku, kStock);
    for (std::uint32_t user = 0; user < Traffic::kUsers; ++user) client.grant(Traffic::user_of(user), kCredits);
    generator_.run_open(rate_);
  }

  Marketplace& market() { return market_; }
  Generator& generator() { return generator_; }

  /// Carries something out under load, waits until orders complete again, and audits.
  void during(const std::string& name, bool unnoticed, const std::function<std::string()>& carry_out) {
    const auto begin = SteadyClock::now();
    const auto acknowledged = generator_.acknowledged();
    const auto retried = generator_.retried();
    std::string trouble;
    try {
      trouble = carry_out();
    } catch (const std::exception& error) {
      trouble = error.what();
    }
    const auto over = SteadyClock::now();
    const auto ended = generator_.ended();
    if (!eventually([&] { return generator_.ended() > ended + 20; }, kGoesOnWithin)) trouble += " no order completes";
    const auto goes_on = SteadyClock::now();
    const auto failures = generator_.take_failures();
    if (unnoticed && !failures.empty()) trouble += " requests failed: " + failures;
    trouble += settle();
    say(name + ": " + seconds_of(over - begin) + ", " + std::to_string(generator_.acknowledged() - acknowledged) +
        " orders acknowledged, " + std::to_string(generator_.retried() - retried) + " requests asked again, on after " +
        seconds_of(goes_on - over) + (failures.empty() ? "" : " (" + failures + ")") +
        (trouble.empty() ? "" : ": " + trouble));
    checks_.push_back({name, trouble});
    generator_.run_open(rate_);
  }

  void mix_failures() { traffic_.carry_failures(rate_); }

  /// @param alone  nobody else has placed orders there
  std::vector<Check> finish(bool every_outcome, bool alone = true) {
    const auto deadline = SteadyClock::now() + kAllEndWithin;
    const auto open = generator_.finish(deadline);
    checks_.push_back(
        {"every order that was begun is acknowledged", open == 0 ? "" : std::to_string(open) + " are not"});
    std::string left;
    checks_.push_back({"I5: every order ended", await_all_ended(market_.address(), deadline, left) >= 0 ? "" : left});
    if (!alone) return checks_;
    const auto more = verify(market_, traffic_, {kCredits + kInitialCredits, kStock, 1, every_outcome}, say);
    checks_.insert(checks_.end(), more.begin(), more.end());
    return checks_;
  }

 private:
  /// Nothing under way any more, and the books balance.
  std::string settle() {
    generator_.pause();
    std::string left;
    if (await_all_ended(market_.address(), SteadyClock::now() + kAllEndWithin, left) < 0) return " not ended: " + left;
    const auto audit = market_.client().audit();
    return audit.at("ok").get<bool>() ? "" : " the audit: " + audit.dump().substr(0, 2000);
  }

  Marketplace market_;
  Traffic traffic_;
  Generator generator_;
  const int rate_;
  std::vector<Check> checks_;
};

bool is_wanted(const ClusterOptions& options, const std::string& name) {
  return name.find(options.only) != std::string::npos;
}

/// The quick ones, and one of the others.
std::vector<ClusterFault> sample_of(const std::vector<ClusterFault>& all, std::mt19937_64& random) {
  std::vector<ClusterFault> sample;
  std::vector<ClusterFault> others;
  for (const auto& fault : all) (fault.is_long ? others : sample).push_back(fault);
  if (!others.empty()) sample.push_back(others[random() % others.size()]);
  return sample;
}

/// Each once, or so long as there is time, in an order of chance.
void carry_out_all(Run& run, const ClusterOptions& options, std::mt19937_64& random) {
  Hosts hosts(run.market());
  FaultContext context{run.market(), hosts, run.generator(), random};
  if (!hosts.can_be_cut()) say("hosts are not cut off from each other: that needs network namespaces, and so root");
  std::vector<ClusterFault> faults;
  for (auto& fault : cluster_faults(hosts.all().size(), hosts.can_be_cut())) {
    if (is_wanted(options, fault.name)) faults.push_back(std::move(fault));
  }
  if (options.minutes == 0 && !options.all && options.only.empty()) faults = sample_of(faults, random);
  const auto carry_out = [&](const ClusterFault& fault) {
    run.during(fault.name, fault.unnoticed, [&] { return fault.carry_out(context); });
  };
  const auto until = SteadyClock::now() + std::chrono::duration<double>(options.minutes * 60);
  if (options.minutes == 0) {
    for (const auto& fault : faults) carry_out(fault);
  }
  while (SteadyClock::now() < until && !faults.empty()) carry_out(faults[random() % faults.size()]);
}

std::vector<Check> damage_cluster(const ClusterOptions& options, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto begin = SteadyClock::now();
  Run run({.up_flags = {"--cluster", "--replicas", std::to_string(options.replicas)}, .patience = kStartWithin}, seed,
          options.rate);
  say("the cluster is ready after " + seconds_of(SteadyClock::now() - begin));
  carry_out_all(run, options, random);
  run.mix_failures();
  run.during("orders that shall fail", false, [&] {
    std::this_thread::sleep_for(std::chrono::seconds(10));
    return "";
  });
  return run.finish(true);
}

/// Faults while the mixture goes on, each followed by a silence in which the books must balance.
void mix_and_damage(Run& run, Mixture& mixture, const ClusterOptions& options, std::mt19937_64& random) {
  Hosts hosts(run.market());
  FaultContext context{run.market(), hosts, run.generator(), random};
  const auto with_mixture = [&](bool disturbed, const std::function<std::string()>& meanwhile) {
    mixture.go_on(disturbed);
    std::this_thread::sleep_for(disturbed ? kBeforeAFault : kQuiet);
    std::string trouble = meanwhile();
    return trouble + mixture.pause();
  };
  run.during(kMixtureFault, false, [&] { return with_mixture(false, [] { return std::string(); }); });
  auto faults = cluster_faults(hosts.all().size(), hosts.can_be_cut());
  std::erase_if(faults, [&](const ClusterFault& fault) { return !is_wanted(options, fault.name); });
  std::shuffle(faults.begin(), faults.end(), random);
  const auto until = SteadyClock::now() + std::chrono::duration<double>(std::max(1.0, options.minutes) * 60);
  for (std::size_t i = 0; SteadyClock::now() < until && !faults.empty(); ++i) {
    const auto& fault = faults[i % faults.size()];
    run.during(std::string(kMixtureFault) + ", " + fault.name, false,
               [&] { return with_mixture(true, [&] { return fault.carry_out(context); }); });
  }
  say(mixture.summary());
}

std::vector<Check> damage_mixture(const ClusterOptions& options, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Run run(
      {.up_flags = {"--cluster", "--replicas", std::to_string(options.replicas), "--tls"}, .patience = kStartWithin},
      seed, std::min(options.rate, kRateBeside));
  Mixture mixture(run.market(), seed, kMixing);
  mix_and_damage(run, mixture, options, random);
  auto checks = mixture.verify();
  const auto more = run.finish(false, false);
  checks.insert(checks.end(), more.begin(), more.end());
  return checks;
}

std::vector<Check> cut_commits(const ClusterOptions& options, std::uint64_t seed) {
  PostgresServer server;
  CommitCutter cutter(server.port(), seed);
  const std::string url = server.tcp_url("postgres");
  const std::string port = std::to_string(server.port());
  std::string through = url;
  through.replace(through.find(":" + port), port.size() + 1, ":" + std::to_string(cutter.port()));
  Run run({.store = through}, seed, options.rate);
  run.mix_failures();
  run.during(kCommitFault, false, [&]() -> std::string {
    cutter.cut_one_of(kCutOneOf);
    const bool enough = eventually([&] { return cutter.cut() >= kLeastCuts; }, kCutFor);
    cutter.cut_one_of(0);
    return enough ? "" : "only " + std::to_string(cutter.cut()) + " were";
  });
  return run.finish(false);
}

int print_checks(const std::vector<Check>& checks, std::uint64_t seed) {
  int failed = 0;
  for (const auto& [what, trouble] : checks) {
    std::printf("  %s  %s\n", trouble.empty() ? "ok    " : "FAILED", what.c_str());
    if (trouble.empty()) continue;
    ++failed;
    std::printf("          %s\n", trouble.c_str());
  }
  if (failed > 0) std::printf("the same again: --seed %llu\n", static_cast<unsigned long long>(seed));
  std::printf("%d passed, %d failed\n", static_cast<int>(checks.size()) - failed, failed);
  return failed == 0 && !checks.empty() ? 0 : 1;
}

int list_faults(const ClusterOptions& options) {
  for (const auto& fault : cluster_faults(static_cast<std::size_t>(std::max(3, options.replicas)), true))
    say(fault.name);
  say(kCommitFault);
  return 0;
}

int run_stage(const ClusterOptions& options) {
  if (options.list) return list_faults(options);
  const auto seed = options.seed.value_or(std::random_device{}());
  std::printf("seed: --seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  if (options.mixture) return print_checks(damage_mixture(options, seed), seed);
  const bool only_commits = !options.only.empty() && is_wanted(options, kCommitFault);
  std::vector<Check> checks;
  if (!only_commits) checks = damage_cluster(options, seed);
  if (is_wanted(options, kCommitFault)) {
    const auto more = cut_commits(options, seed);
    checks.insert(checks.end(), more.begin(), more.end());
  }
  return print_checks(checks, seed);
}

}  // namespace
}  // namespace ldt::testing

int main(int count, char** words) {
  using namespace ldt::testing;
  ClusterOptions options;
  try {
    options = parse_cluster_options({words + 1, words + count});
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "ldt-cluster: %s\n%s", error.what(), kClusterUsage);
    return 2;
  }
  if (options.help) {
    std::fputs(kClusterUsage, stdout);
    return 0;
  }
  try {
    return run_stage(options);
  } catch (const std::exception& error) {
    std::printf("ldt-cluster: %s\n0 passed, 1 failed\n", error.what());
    return 1;
  }
}
