// The stream of batches that the engine uses: a batch in, its answers out, then the next.
// Depends on grpc++ and the writer.
// Invariant: a batch is one job, so its commands are decided in order and answered after one commit.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "ldt/participant/v1/participant.pb.h"
#include "participant/server/host.h"

namespace ldt::participant {

/// Serves one call of Execute. Owns itself.
[[nodiscard]] grpc::ServerBidiReactor<v1::Batch, v1::BatchReply>* serve_execute(Host& host);

}  // namespace ldt::participant
