// Batches over a gRPC stream, for a participant anywhere.
// Depends on participant_calls.h, which knows the participant's own service. Invariant: as batch_stream.h.
#pragma once

#include <memory>

#include "services/order/peers/batch_stream.h"
#include "services/order/peers/participant_calls.h"

namespace ldt::order {

/// `calls` and `events` outlive it.
[[nodiscard]] std::shared_ptr<BatchStream> make_grpc_stream(ParticipantCalls& calls, BatchEvents& events);

}  // namespace ldt::order
