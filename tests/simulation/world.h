// What one simulated run shares: time, chance, the event log, the network, and how much goes wrong just now.
// Depends on random.h and tally.h. One thread.
// Invariant: everything that happens is an event of the schedule, so the seed decides the whole run.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <queue>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/random.h"
#include "simulation/tally.h"

namespace ldt::simulation {

/// Simulated time, in microseconds.
using Micros = std::int64_t;
inline constexpr Micros kMillisecond = 1000;
inline constexpr Micros kSecond = 1000 * kMillisecond;

/// An invariant is broken: ends the run.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws a Violation that begins with the rule's name, e.g. "I6".
[[noreturn]] void violated(std::string_view rule, const std::string& what);
inline void require(bool holds, std::string_view rule, const std::string& what) {
  if (!holds) violated(rule, what);
}

/// Hashes what happens, and prints it if asked.
class EventLog {
 public:
  explicit EventLog(bool prints) : prints_(prints) {}
  void add(Micros at, std::string_view who, std::string_view what, std::string_view detail);
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] bool prints() const { return prints_; }

 private:
  void mix(std::string_view bytes);
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
  bool prints_;
};

/// Who talks to whom. The clients' requests are HTTP, the rest is gRPC.
enum class Host : std::uint8_t { kPayment, kInventory, kDelivery, kOrder, kClients };
inline constexpr std::size_t kHosts = 5;
[[nodiscard]] std::string_view to_string(Host host);

class World {
 public:
  World(std::uint64_t seed, bool prints, Tally& counts) : random(seed), log(prints), tally(counts) {}

  // Time

  [[nodiscard]] Micros now() const { return now_; }
  void at(Micros when, std::function<void()> run) {
    events_.push({when < now_ ? now_ : when, next_event_++, std::move(run)});
  }
  void after(Micros delay, std::function<void()> run) { at(now_ + delay, std::move(run)); }
  /// Runs the next event; false: there is none before `end`.
  bool step(Micros end);
  [[nodiscard]] std::uint64_t events_run() const { return events_run_; }

  // The network

  struct Network {
    std::uint32_t loss = 0;       // per mille of messages
    std::uint32_t duplicate = 0;  // that arrive once more, up to seconds later
    std::uint32_t late = 0;       // that take up to a second
    Micros usual_us = 200;
  };
  Network network;
  /// Cut in one direction: what is sent is lost.
  [[nodiscard]] bool cut(Host from, Host to) const { return cut_[index(from, to)]; }
  void set_cut(Host from, Host to, bool cut) { cut_[index(from, to)] = cut; }
  void heal() { cut_.fill(false); }
  /// Has `arrive` run when the message gets there: once, twice, or (it returns false) never.
  bool send(Host from, Host to, Micros sent_at, std::function<void()> arrive);
  [[nodiscard]] Micros delay();

  void note(std::string_view who, std::string_view what, std::string_view detail = {}) {
    log.add(now_, who, what, detail);
  }

  Random random;
  EventLog log;
  Tally& tally;
  bool faults = true;   // false: nothing more goes wrong by itself
  bool ending = false;  // all has ended: whoever polls stops

 private:
  struct Event {
    Micros at;
    std::uint64_t number;
    std::function<void()> run;
    friend bool operator>(const Event& a, const Event& b) { return a.at != b.at ? a.at > b.at : a.number > b.number; }
  };
  static std::size_t index(Host from, Host to) {
    return static_cast<std::size_t>(from) * kHosts + static_cast<std::size_t>(to);
  }

  Micros now_ = 1000 * kSecond;
  std::uint64_t next_event_ = 0;
  std::uint64_t events_run_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::array<bool, kHosts * kHosts> cut_{};
};

}  // namespace ldt::simulation
