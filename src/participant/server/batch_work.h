// A batch of commands as work for the writer, whatever carries it: decided in order, committed once, answered together.
// Failure instructions strike one command and leave its neighbours alone.
// Depends on the generated protobuf code and the writer's Job. Invariant: one batch under way at a time in each.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "participant/server/host.h"
#include "participant/server/wire.h"

namespace ldt::participant {

class BatchWork {
 public:
  explicit BatchWork(Host& host) : host_(host) {}

  /// Where the next batch goes; begin() once it is there.
  [[nodiscard]] pb::Batch& batch() { return batch_; }
  void begin();
  [[nodiscard]] const pb::BatchReply& reply() const { return reply_; }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(batch_.commands_size()); }

  /// Names what its commands touch.
  void list(Touched& touched) const;
  /// Decides all of it and makes the reply.
  [[nodiscard]] Result<void> decide(Decider& decider);
  /// Makes a reply that answers every command with this error.
  void refuse(pb::CommandError error);
  /// All of it is durable, and its reply about to be sent.
  void durable() { durable_ = host_.reporter.now(); }
  /// Tells of every command what became of it; after the reply was sent.
  void report();

 private:
  void start_reply();
  [[nodiscard]] Result<void> decide_one(const pb::Command& message, pb::Answer& answer, Decider& decider);
  /// Of a command with failure instructions.
  [[nodiscard]] Result<void> decide_struck(const pb::Command& message, Verb verb, pb::Answer& answer, Decider& decider);

  Host& host_;
  pb::Batch batch_;
  pb::BatchReply reply_;
  std::vector<std::string_view> struck_;  // by which kind each command was struck; empty: by none
  Arrival arrival_;
  SteadyTime durable_;
};

}  // namespace ldt::participant
