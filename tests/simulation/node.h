// A service's process and the machine it runs on: started, killed, its power cut, restarted.
// Depends on world.h and disk.h. What a service is made of, derived classes know.
// Invariant: whatever belongs to a process that has died does not run again.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "platform/sqlite/database.h"
#include "simulation/disk.h"
#include "simulation/world.h"

namespace ldt::simulation {

/// Thrown where the real process would end itself.
struct ProcessEnded {
  std::string why;
  bool struck = false;  // by a CRASH instruction: the supervisor restarts it at once
};

class Node {
 public:
  Node(World& world, Host host, const std::string& folder);
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Starts the process; again and again where it cannot start.
  void start();
  void kill(bool power_cut);
  /// SIGTERM: it finishes what is under way.
  void stop_and_restart();
  [[nodiscard]] bool up() const { return up_; }
  [[nodiscard]] std::uint64_t incarnation() const { return incarnation_; }
  [[nodiscard]] Host host() const { return host_; }
  [[nodiscard]] std::string_view name() const { return to_string(host_); }

  /// Runs `then` after `delay`, unless the process has died meanwhile.
  void later(Micros delay, std::function<void()> then);
  /// As the process sees it: what it has done since the event began took its time.
  [[nodiscard]] Micros local_now() const { return world_.now() + (active_ ? disk_.spent_us : 0); }

  Disk& disk() { return disk_; }
  void jump_wall_clock(Micros by) { clock_.offset += by; }
  /// Told of each death, with the incarnation that died.
  std::function<void(std::uint64_t incarnation, bool power_cut)> on_death;

 protected:
  struct NodeClock final : Clock {
    explicit NodeClock(const Node& owner) : node(owner) {}
    [[nodiscard]] SteadyTime steady() const override { return SteadyTime(std::chrono::microseconds(node.local_now())); }
    [[nodiscard]] WallTime wall() const override { return {1'800'000'000'000'000 + node.local_now() + offset}; }
    const Node& node;
    Micros offset = 0;
  };

  /// Makes the service's parts; false: the process gives up, e.g. because its file cannot be opened.
  virtual bool open() = 0;
  /// Destroys them. `orderly`: after SIGTERM.
  virtual void close(bool orderly) = 0;

  /// Runs `work` as the process. What it spends on I/O keeps it busy.
  void run(const std::function<void()>& work);
  [[nodiscard]] Micros busy_until() const { return busy_until_; }
  [[nodiscard]] std::string path(const std::string& file) const { return folder_ + "/" + file; }
  [[nodiscard]] sqlite::OwnerOptions owner_options();

  World& world_;
  NodeClock clock_;

 private:
  void end(const std::string& why, bool struck);
  void restart_after(Micros delay);

  const Host host_;
  const std::string folder_;
  Disk disk_;
  const bool small_cache_;
  bool up_ = false;
  bool active_ = false;
  std::uint64_t incarnation_ = 0;
  Micros busy_until_ = 0;
};

}  // namespace ldt::simulation
