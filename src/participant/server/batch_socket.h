// The engine's batches over a Unix socket, for an order service on the same machine: what the gRPC stream Execute does
// in a hundredth of its hand-overs. A frame is a Batch, its answer a BatchReply; an empty frame tells who connects that
// somebody is here. Depends on platform/frames and the writer. Invariant: as execute_stream.h.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "participant/server/host.h"
#include "platform/frames/unix_socket.h"

namespace ldt::participant {

/// Serves batches at `path` until it is stopped, which is before the host's writer is.
[[nodiscard]] Result<std::unique_ptr<frames::Listener>> serve_batches(const std::string& path, Host& host);

}  // namespace ldt::participant
