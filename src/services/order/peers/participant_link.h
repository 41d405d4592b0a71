// The commands for one participant process on their way: in batches over one stream, one batch under way at a time;
// while it is away the next one gathers. A command that a failure instruction makes late, silent or the process's last
// travels alone, as a unary call with a real deadline. Depends on participant_calls.h, batch_stream.h. Invariant: a
// lost connection loses no command: it is sent again, here or through another replica, until its attempt's time is up.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <grpcpp/alarm.h>

#include "services/order/peers/batch_stream.h"
#include "services/order/peers/participant_calls.h"

namespace ldt::order {

/// Takes replies, from any thread.
using ReplySink = std::function<void(std::vector<Reply>)>;

/// Where one process of a participant listens.
struct PeerAddress {
  std::shared_ptr<grpc::Channel> channel;
  std::string batches;  // its batch socket's path; empty: batches go over gRPC
};

/// A command and when it was handed over.
struct PendingCommand {
  Command command;
  std::chrono::steady_clock::time_point since;
};

class ParticipantLink final : private BatchEvents {
 public:
  /// Takes commands that this link cannot carry just now, and gives back those that no other can.
  using Elsewhere = std::function<std::vector<PendingCommand>(std::vector<PendingCommand>)>;

  ParticipantLink(saga::Participant participant, PeerAddress address, ReplySink sink, Elsewhere elsewhere);
  ~ParticipantLink() override;  // after stop()

  /// Opens the stream, and again whenever it breaks.
  void start();
  void send(std::vector<PendingCommand> commands);
  [[nodiscard]] Health health(std::chrono::milliseconds window) const;
  /// False where what is sent now would wait: nobody is there, or does not answer in time.
  [[nodiscard]] bool is_well() const;
  /// Cancels everything and waits for it. Nothing is delivered afterwards.
  void stop();

 private:
  using Time = std::chrono::steady_clock::time_point;
  using Lock = std::unique_lock<std::mutex>;
  using Pending = PendingCommand;
  struct Call;

  void open_stream();
  void send_batch(const Lock&);
  void stream_alive() override;
  void stream_wrote() override;
  void stream_answered(const participant::v1::BatchReply& reply) override;
  void stream_broke() override;
  void stream_ended() override;

  void call(Pending pending);
  void start_call(const std::shared_ptr<Call>& call);
  void call_ended(const std::shared_ptr<Call>& call, CallResult result);
  void poll_crash_gate(Lock lock);
  [[nodiscard]] bool crash_gate_open(const Lock&) const;
  [[nodiscard]] bool restarting(const Lock&) const;
  [[nodiscard]] Health health(const Lock&, std::chrono::milliseconds window) const;

  /// Runs `then` after `delay`, unless stopped before.
  void later(const Lock&, std::chrono::milliseconds delay, std::function<void()> then);
  void one_ended(const Lock&);

  const std::unique_ptr<ParticipantCalls> calls_;
  const std::string batches_;
  const ReplySink sink_;
  const Elsewhere elsewhere_;

  mutable std::mutex
      mutex_;  // never held while gRPC is asked to start or cancel a call: it may answer on this very thread
  std::condition_variable idle_;
  std::vector<Pending> outbox_;  // waits for the batch that is away
  std::vector<Pending> away_;    // the batch under way
  bool writing_ = false;         // its message is still being written
  std::uint64_t batch_number_ = 0;
  std::shared_ptr<BatchStream> stream_;
  bool ready_ = false;            // the stream can be written to
  std::deque<Pending> crashing_;  // may end the process over there: one at a time, with a pause after each restart
  bool crash_away_ = false;
  bool gate_polled_ = false;
  std::unordered_set<std::shared_ptr<Call>> calls_away_;
  std::unordered_map<std::uint64_t, std::unique_ptr<grpc::Alarm>> alarms_;
  std::uint64_t next_alarm_ = 0;
  bool broken_ = true;  // no sign of life since the last break
  Time last_break_{};
  Time last_recovery_{};
  bool stopping_ = false;
  int under_way_ = 0;  // streams, calls and alarms that have not ended
};

}  // namespace ldt::order
