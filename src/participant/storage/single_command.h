// A command with the failures that it shall meet: which of them strikes, and what follows.
// Depends on job.h; whoever carries it performs what follows.
// Invariant: where the effect is APPLIED, it is durable before the failure strikes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/trace_context.h"
#include "participant/failure.h"
#include "participant/storage/job.h"

namespace ldt::participant {

struct SingleRequest {
  OrderId order;
  Verb verb = Verb::kDo;
  std::string holder;
  std::string item;
  std::int64_t amount = 0;
  std::uint32_t attempt = 0;
  TraceContext sender;
  std::vector<FailureInstruction> failures;
};

struct SingleAnswer {
  Answer answer;
  std::vector<Strike> strikes;  // of the request's failures, so far
};

/// What its sender meets, once the decision is durable.
enum class Fate : std::uint8_t {
  kAnswer,
  kAnswerLate,  // after delay()
  kSilence,     // never an answer
  kUnknown,     // an error whose effect is not told
  kCrash,       // the process ends
};

class SingleCommand {
 public:
  explicit SingleCommand(SingleRequest request) : request_(std::move(request)) {}

  void list(Touched& touched) const { touched.command(command()); }
  /// Chooses the instruction that strikes this attempt; performs the command unless it strikes before.
  [[nodiscard]] Result<void> decide(Decider& decider);

  [[nodiscard]] Fate fate() const;
  /// Of kAnswerLate.
  [[nodiscard]] std::chrono::milliseconds delay() const {
    return struck_ ? struck_->delay : std::chrono::milliseconds{};
  }
  /// The kind of the instruction that struck; empty: none.
  [[nodiscard]] std::string_view struck() const { return struck_ ? to_string(struck_->kind) : std::string_view{}; }
  [[nodiscard]] const SingleRequest& request() const { return request_; }
  [[nodiscard]] const SingleAnswer& answer() const { return answer_; }

 private:
  [[nodiscard]] Command command() const {
    return {request_.order, request_.verb, request_.holder, request_.item, request_.amount};
  }
  void strike(OperationState state);

  SingleRequest request_;
  SingleAnswer answer_;
  std::optional<FailureInstruction> struck_;
};

}  // namespace ldt::participant
