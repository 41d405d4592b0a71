// `ldt test model`: explores the shipped saga and participant, and proves that the exploration would find mistakes.
// Depends on inspection.h. Exit: 0 all passed, 1 something failed, 2 bad command line.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "model/guard.h"
#include "model/inspection.h"

namespace ldt::model {
namespace {

struct Options {
  std::string config;
  std::string mutant;
  bool deep = false;
  bool verbose = false;
  bool list = false;
  std::uint64_t states = 0;
  unsigned threads = 2;
};

int usage_error(const std::string& message) {
  std::fprintf(stderr, "ldt-model: %s; --list shows what there is\n", message.c_str());
  return 2;
}

void list_all() {
  for (const auto& config : configs()) {
    std::printf("--config %-14s %s\n", std::string(config.name).c_str(), std::string(config.what).c_str());
  }
  for (const auto& mutant : mutants()) {
    std::printf("--mutant %-21s %s\n", std::string(mutant.name).c_str(), std::string(mutant.what).c_str());
  }
}

/// The protocol as it ships.
Job correct(const Config& config, const Options& options) {
  Job job{.config = &config};
  job.limits.states = options.states != 0 ? options.states : options.deep ? config.deep_states : config.states;
  return job;
}

/// A mutant, which has to do harm: that it breaks the rule it was made from would prove nothing.
Job mutated(const MutantInfo& mutant, const Config& config, const Options& options) {
  return {.config = &config, .mutant = &mutant, .limits = {.states = options.states, .judge_rules = false}};
}

std::vector<Job> jobs_for(const Options& options, const Config* config, const MutantInfo* mutant) {
  std::vector<Job> jobs;
  if (mutant != nullptr) {
    jobs.push_back(mutated(*mutant, config != nullptr ? *config : *find_config(mutant->config), options));
    return jobs;
  }
  if (config != nullptr) return {correct(*config, options)};
  for (const auto& each : configs()) {
    if (options.deep || !each.only_deep) jobs.push_back(correct(each, options));
  }
  for (const auto& each : mutants()) jobs.push_back(mutated(each, *find_config(each.config), options));
  return jobs;
}

int run(const Options& options) {
  if (options.list) {
    list_all();
    return 0;
  }
  const Config* config = options.config.empty() ? nullptr : find_config(options.config);
  const MutantInfo* mutant = options.mutant.empty() ? nullptr : find_mutant(options.mutant);
  if (!options.config.empty() && config == nullptr) return usage_error("no configuration " + options.config);
  if (!options.mutant.empty() && mutant == nullptr) return usage_error("no mutant " + options.mutant);
  const char* reports = std::getenv("LDT_REPORTS");
  catch_failed_checks();
  Inspection inspection(jobs_for(options, config, mutant), reports == nullptr ? "" : reports, options.verbose);
  return inspection.run(options.threads) ? 0 : 1;
}

}  // namespace
}  // namespace ldt::model

int main(int argc, char** argv) {
  ldt::model::Options options;
  CLI::App app("Explores every state that one order can come to, whatever fails; then every mutant of the protocol.",
               "ldt-model");
  app.add_option("--config", options.config, "explore this configuration only");
  app.add_option("--mutant", options.mutant, "explore this mutant only (in --config, or where it is found soonest)");
  app.add_flag("--deep", options.deep, "explore further than CI does: hours, and many GB");
  app.add_option("--states", options.states, "stop at so many states")->check(CLI::PositiveNumber);
  app.add_option("--threads", options.threads, "explore so many configurations at once")->check(CLI::Range(1, 64));
  app.add_flag("--verbose,--trace", options.verbose, "show the counterexamples of mutants, too");
  app.add_flag("--list", options.list, "show the configurations and mutants");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return ldt::model::run(options);
}
