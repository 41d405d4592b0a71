// The order service's way to one participant, as the gRPC transport behaves: batches over one stream, one at a time;
// commands that a failure instruction makes late, silent or the last alone, with a deadline. Depends on
// participant_node.h. Invariant, as the product's: a lost connection loses no command, it is sent again until its
// attempt's time is up; a command that travels alone always gets a reply.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "services/order/engine/transport.h"
#include "simulation/participant_node.h"

namespace ldt::simulation {

class Link {
 public:
  /// @param later    runs something after a delay, as long as the order service's process lives
  /// @param replies  takes replies
  Link(World& world, ParticipantNode& peer, std::function<void(Micros, std::function<void()>)> later,
       std::function<void(order::Reply)> replies)
      : world_(world), peer_(peer), later_(std::move(later)), replies_(std::move(replies)) {}

  void start();
  void send(std::vector<order::Command> commands, Micros sent_at);
  [[nodiscard]] order::Health health(std::chrono::milliseconds window) const;
  /// The participant's process has died.
  void peer_died(std::uint64_t incarnation, bool power_cut);

 private:
  struct Pending {
    order::Command command;
    Micros since = 0;
  };
  struct Call {
    Pending pending;
    std::uint64_t number = 0;       // of this try
    std::uint64_t incarnation = 0;  // that it was sent to; 0: not yet
  };
  enum class Lost { kNo, kConnection, kDeadline };

  void open_stream();
  void connect(std::uint64_t stream);
  void send_batch();
  void transmit(const std::vector<BatchCommand>& commands);
  void answered(std::uint64_t batch, const std::vector<BatchAnswer>& answers);
  void break_stream(std::uint64_t stream);
  void break_later(Micros delay);

  void start_call(std::uint64_t id);
  void transmit_call(std::uint64_t id, std::uint64_t number);
  void call_ended(std::uint64_t id, std::uint64_t number, Lost lost, const CallEnd& end);
  void poll_crash_gate();
  [[nodiscard]] bool crash_gate_open() const;

  void alive();
  [[nodiscard]] bool restarting() const;
  void reply(order::Reply reply);
  [[nodiscard]] Host there() const { return peer_.host(); }
  [[nodiscard]] bool reachable() const {
    return peer_.up() && !world_.cut(Host::kOrder, there()) && !world_.cut(there(), Host::kOrder);
  }

  World& world_;
  ParticipantNode& peer_;
  const std::function<void(Micros, std::function<void()>)> later_;
  const std::function<void(order::Reply)> replies_;

  std::vector<Pending> outbox_;
  std::vector<Pending> away_;
  std::uint64_t batch_ = 0;
  std::uint64_t stream_ = 0;  // counts up with each that is opened
  bool connected_ = false;
  std::uint64_t peer_incarnation_ = 0;  // that the stream is connected to
  std::deque<Pending> crashing_;
  bool crash_away_ = false;
  bool gate_polled_ = false;
  std::map<std::uint64_t, Call> calls_;
  std::uint64_t next_call_ = 0;
  bool broken_ = true;
  Micros last_break_ = 0;
  Micros last_recovery_ = 0;
};

}  // namespace ldt::simulation
