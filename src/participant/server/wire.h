// Between the wire's messages and the participant's own types. What arrives is checked here.
// Depends on the generated protobuf code.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>
#include <algorithm>

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/trace_context.h"
#include "ldt/participant/v1/participant.pb.h"
#include "participant/failure.h"
#include "participant/participant.h"
#include "participant/storage/single_command.h"

namespace ldt::participant {

namespace pb = ldt::participant::v1;

/// Not valid() where the message does not hold a trace context.
[[nodiscard]] TraceContext to_trace_context(const pb::TraceContext& message);

/// The command without its names checked; nothing: its id or verb is malformed. Views point into `message`.
[[nodiscard]] std::optional<Command> to_command(const pb::Command& message);

void fill(pb::Answer& message, const Answer& answer);
/// Of a command with failure instructions, which strike it as `fate` says.
void fill(pb::Answer& message, const SingleAnswer& answer, Fate fate);
[[nodiscard]] inline pb::OperationState to_wire(OperationState state) { return static_cast<pb::OperationState>(state); }

[[nodiscard]] Result<OrderId> to_order_id(const std::string& bytes);
[[nodiscard]] Result<std::vector<FailureInstruction>> to_failures(
    const google::protobuf::RepeatedPtrField<pb::FailureInstruction>& messages, Verb verb);

/// From ChargeRequest, RevokeRequest, ...: they differ only in what they call the holder and the amount.
template <class Request>
[[nodiscard]] Result<SingleRequest> to_single_request(const Request& request, Verb verb, std::string holder,
                                                      std::string item, std::int64_t amount) {
  const auto order = to_order_id(request.order_id());
  if (!order) return tl::unexpected(order.error());
  auto failures = to_failures(request.failures(), verb);
  if (!failures) return tl::unexpected(failures.error());
  return SingleRequest{*order,
                       verb,
                       std::move(holder),
                       std::move(item),
                       amount,
                       std::max(request.attempt(), 1U),  // people may leave it out
                       to_trace_context(request.trace()),
                       std::move(*failures)};
}

/// Into ChargeResponse, RevokeResponse, ...
template <class Response>
void fill_response(Response& response, const SingleAnswer& answer) {
  response.set_state(to_wire(answer.answer.state));
  response.set_replayed(answer.answer.replayed);
  for (const Strike& strike : answer.strikes) {
    auto& message = *response.add_strikes();
    message.set_index(strike.index);
    message.set_count(strike.count);
  }
}

}  // namespace ldt::participant
