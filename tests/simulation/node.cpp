// Starts and ends processes.
#include "simulation/node.h"

#include <utility>

namespace ldt::simulation {

Node::Node(World& world, Host host, const std::string& folder)
    : world_(world),
      clock_(*this),
      host_(host),
      folder_(folder),
      disk_(folder, world.random, world.tally),
      small_cache_(world.random.chance(300)) {}

sqlite::OwnerOptions Node::owner_options() {
  sqlite::OwnerOptions options;
  options.wal_autocheckpoint_pages = 24;        // so that checkpoints, too, meet the faults
  options.cache_kib = small_cache_ ? 16 : 256;  // a small one writes pages before the COMMIT
  options.in_doubt = [this](const std::string& what) {
    world_.tally.count(what.starts_with("COMMIT") ? "process: ended by a COMMIT in doubt" : "process: ROLLBACK failed");
    disk_.die();
    if (what.starts_with("COMMIT")) throw ProcessEnded{what};
  };
  return options;
}

void Node::start() {
  disk_.revive();
  up_ = true;
  ++incarnation_;
  bool opened = false;
  run([&] { opened = open(); });
  if (!up_) return;
  if (!opened) {
    world_.tally.count("process: could not start");
    return end("could not start", false);
  }
  world_.note(name(), "started");
}

void Node::later(Micros delay, std::function<void()> then) {
  world_.after(delay, [this, born = incarnation_, then = std::move(then)] {
    if (up_ && born == incarnation_) then();
  });
}

void Node::run(const std::function<void()>& work) {
  disk_.spent_us = 0;
  active_ = true;
  std::string why;
  bool struck = false;
  try {
    work();
  } catch (const ProcessEnded& ended) {
    why = ended.why;
    struck = ended.struck;
  }
  busy_until_ = world_.now() + disk_.spent_us;
  active_ = false;
  if (why.empty() && disk_.dead()) why = "killed while it wrote";
  if (!why.empty()) end(why, struck);
}

void Node::end(const std::string& why, bool struck) {
  world_.note(name(), "ended:", why);
  world_.tally.count(struck ? "process: ended by a CRASH instruction" : "process: died");
  disk_.die();
  up_ = false;
  close(false);
  const bool power_cut = world_.faults && world_.random.chance(struck ? 100 : 300);
  if (power_cut) disk_.power_cut();
  if (on_death) on_death(incarnation_, power_cut);
  restart_after(struck ? world_.random.between(20, 300) * kMillisecond
                       : world_.random.between(50, 1500) * kMillisecond);
}

void Node::kill(bool power_cut) {
  if (!up_) {
    if (power_cut) disk_.power_cut();
    return;
  }
  world_.note(name(), power_cut ? "power cut" : "killed");
  world_.tally.count("fault: process killed");
  disk_.die();
  up_ = false;
  close(false);
  if (power_cut) disk_.power_cut();
  if (on_death) on_death(incarnation_, power_cut);
  restart_after(world_.random.between(50, 1500) * kMillisecond);
}

void Node::stop_and_restart() {
  if (!up_) return;
  world_.note(name(), "stopped");
  world_.tally.count("fault: process stopped and restarted");
  run([this] { close(true); });
  if (!up_) return;  // it died of that
  up_ = false;
  if (on_death) on_death(incarnation_, false);
  restart_after(world_.random.between(20, 500) * kMillisecond);
}

void Node::restart_after(Micros delay) {
  world_.after(delay, [this, born = incarnation_] {
    if (!up_ && born == incarnation_) start();
  });
}

}  // namespace ldt::simulation
