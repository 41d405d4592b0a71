// Batches over a Unix socket, for a participant on the same machine (docs/decisions/0022).
// Depends on platform/frames; has a thread while it lives. Invariant: as batch_stream.h.
#pragma once

#include <memory>
#include <string>

#include "services/order/peers/batch_stream.h"

namespace ldt::order {

/// @param path  of the socket; nobody needs to listen there yet
/// `events` outlives it.
[[nodiscard]] std::shared_ptr<BatchStream> make_socket_stream(std::string path, BatchEvents& events);

}  // namespace ldt::order
