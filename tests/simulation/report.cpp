// Lists and prints what occurred.
#include "simulation/report.h"

#include <algorithm>

#include "saga/failure.h"

namespace ldt::simulation {

namespace {

void add_strikes(std::vector<std::string>& names) {
  for (std::size_t i = 0; i < saga::kStepCount; ++i) {
    const auto step = static_cast<saga::Step>(i);
    if (step == saga::Step::kAccept || step == saga::Step::kFinish) continue;  // theirs are told apart below
    for (const char* kind : {"TIMEOUT", "UNKNOWN", "CRASH", "DELAY"}) {
      names.push_back("struck: " + std::string(saga::to_string(step)) + " " + kind);
    }
    if (!saga::is_undo(step)) names.push_back("struck: " + std::string(saga::to_string(step)) + " REFUSE");
  }
}

std::vector<std::string> required() {
  std::vector<std::string> names{"client: asked again with the same key",
                                 "client: cancelled",
                                 "client: cancelled too late",
                                 "client: first answer replayed",
                                 "failed step: delivery.deliver",
                                 "failed step: inventory.reserve",
                                 "failed step: order.accept",
                                 "failed step: payment.charge",
                                 "fault: an unsynced write is lost",
                                 "fault: an unsynced write is torn",
                                 "fault: disk full",
                                 "fault: fsync fails",
                                 "fault: message duplicated",
                                 "fault: message late",
                                 "fault: message lost",
                                 "fault: message lost in a partition",
                                 "fault: partition in one direction",
                                 "fault: power cut",
                                 "fault: process dies at a write or sync",
                                 "fault: process killed",
                                 "fault: process stopped and restarted",
                                 "fault: read fails",
                                 "fault: reply told twice",
                                 "fault: slow disk",
                                 "fault: wall clock jumped",
                                 "fault: write fails",
                                 "operator: change replayed",
                                 "operator: held order cancelled",
                                 "operator: held order retried",
                                 "operator: order pushed",
                                 "order: HELD",
                                 "order: STUCK",
                                 "order: ended by its own CRASH",
                                 "order: recovered as HELD",
                                 "order: recovered as REVERTING",
                                 "order: recovered as RUNNING",
                                 "order: writes rolled back",
                                 "order: writes that shared a commit",
                                 "outcome: CANCELLED",
                                 "outcome: INSUFFICIENT_FUND",
                                 "outcome: INSUFFICIENT_INVENTORY",
                                 "outcome: SUCCESS",
                                 "outcome: TIMEOUT",
                                 "outcome: UNDELIVERABLE",
                                 "outcome: UNKNOWN",
                                 "participant: TOMBSTONE",
                                 "participant: UNDONE",
                                 "participant: batch rolled back",
                                 "participant: commands that shared a commit",
                                 "participant: remembered answer replayed",
                                 "process: ended by a COMMIT in doubt",
                                 "process: ended by a CRASH instruction",
                                 "progress: orders that ended during the faults",
                                 "refusal: accept TIMEOUT",
                                 "refusal: accept UNKNOWN",
                                 "refusal: accept refused",
                                 "refusal: catalogue unavailable",
                                 "refusal: key in progress",
                                 "refusal: key reused",
                                 "refusal: overloaded",
                                 "refusal: price above limit",
                                 "refusal: stopping",
                                 "refusal: unknown SKU",
                                 "runs: repeated, event by event the same",
                                 "struck: order.accept DELAY",
                                 "struck: order.accept REFUSE",
                                 "struck: order.accept TIMEOUT",
                                 "struck: order.accept UNKNOWN",
                                 "struck: order.finish DELAY",
                                 "struck: order.finish TIMEOUT",
                                 "struck: order.finish UNKNOWN"};
  add_strikes(names);
  return names;
}

}  // namespace

std::vector<std::string> missing(const Tally& tally) {
  std::vector<std::string> names = required();
  std::erase_if(names, [&](const std::string& name) { return tally.counts().contains(name); });
  return names;
}

std::string table(const Summary& summary) {
  std::string text = "| what occurred | how often |\n|---|---:|\n";
  const auto row = [&](const std::string& what, std::uint64_t count) {
    text += "| " + what + " | " + std::to_string(count) + " |\n";
  };
  row("seeds that passed", summary.passed);
  row("seeds that failed", summary.failed);
  row("orders wanted", summary.orders);
  row("events", summary.events);
  for (const auto& [what, count] : summary.tally.counts()) row(what, static_cast<std::uint64_t>(count));
  for (const auto& [what, most] : summary.tally.mosts()) row("most " + what, static_cast<std::uint64_t>(most));
  return text;
}

}  // namespace ldt::simulation
