// How the order service speaks to one participant: opens its stream of batches and makes its typed unary calls.
// Depends on the generated gRPC code. Invariant: one Command means the same on both ways.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/client_callback.h>

#include "ldt/participant/v1/participant.pb.h"
#include "services/order/engine/transport.h"

namespace ldt::order {

using BatchReactor = grpc::ClientBidiReactor<participant::v1::Batch, participant::v1::BatchReply>;

/// What a unary call answered; `state` and `strikes` mean something only where the status is OK.
struct CallResult {
  grpc::Status status;
  participant::v1::OperationState state = participant::v1::OPERATION_STATE_UNSPECIFIED;
  std::vector<StrikeCount> strikes;
};

class ParticipantCalls {
 public:
  virtual ~ParticipantCalls() = default;
  virtual void open_stream(grpc::ClientContext* context, BatchReactor* reactor) = 0;
  /// Performs the command's step as a unary call, with its failure instructions. `context` lives until `done` has run.
  virtual void call(const Command& command, grpc::ClientContext* context, std::function<void(CallResult)> done) = 0;
  /// Fills in all of it: holder, item and amount as this participant understands them.
  virtual void describe(const Command& command, participant::v1::Command& message) const = 0;
};

[[nodiscard]] std::unique_ptr<ParticipantCalls> make_calls(saga::Participant participant,
                                                           const std::shared_ptr<grpc::Channel>& channel);

}  // namespace ldt::order
