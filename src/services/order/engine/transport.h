// Commands to participants and their replies, whatever carries them.
// Implemented by peers/participant_links.h; tests bring their own.
// Invariant: a reply may come late, twice or never; the saga decides what it is worth.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/order_id.h"
#include "base/trace_context.h"
#include "saga/saga.h"

namespace ldt::order {

/// A failure instruction on its way to the service that owns the step.
struct SentInstruction {
  std::uint32_t index = 0;  // in the order's list
  saga::FailureInstruction instruction;
};

struct Command {
  OrderId order;
  saga::Step step = saga::Step::kCharge;
  std::uint32_t attempt = 1;               // the saga's: echoed by the reply
  std::uint32_t number = 1;                // of the attempt over the order's life: what the participant is told
  std::chrono::milliseconds timeout{500};  // of this attempt
  std::string user;
  std::string sku;
  std::int64_t amount = 0;  // credits for payment, tokens for the others
  TraceContext trace;       // of the attempt's span
  bool alone = false;       // an instruction strikes that would hold up others: a unary call with a deadline
  bool may_crash = false;   // it is a CRASH
  std::vector<SentInstruction> instructions;  // for this step
};

struct StrikeCount {
  std::uint32_t index = 0;
  std::uint32_t count = 0;
};

struct Reply {
  OrderId order;
  saga::Step step = saga::Step::kCharge;
  std::uint32_t attempt = 1;
  bool answered = false;
  saga::Answer answer = saga::Answer::kDone;     // if answered
  saga::Outcome failure = saga::Outcome::kNone;  // otherwise: kTimeout or kUnknown
  std::string error;                             // in words, otherwise
  std::vector<StrikeCount> strikes;              // durable counts that the participant reported
};

/// How the way to a participant is.
enum class Health : std::uint8_t {
  kSteady,      // connected for at least the time that was asked about
  kRecovering,  // it broke, or came back, a moment ago
  kDown,        // it broke and did not come back for longer than a restart takes
};

/// A participant that broke this recently is taken to be restarting: attempts at it wait instead of failing.
inline constexpr std::chrono::milliseconds kRestartGrace{2'000};
/// An attempt never lasts longer than this because its participant keeps restarting.
inline constexpr std::chrono::milliseconds kLongestAttempt{15'000};

class Transport {
 public:
  virtual ~Transport() = default;
  /// Sends; replies arrive through the sink that the transport was made with. A command of a batch that gets no reply
  /// is the sender's to time out; one that travels alone always gets a reply.
  virtual void send(saga::Participant to, std::vector<Command> commands) = 0;
  [[nodiscard]] virtual Health health(saga::Participant to, std::chrono::milliseconds window) const = 0;
};

}  // namespace ldt::order
