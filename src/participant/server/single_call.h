// A command that travels alone, as a unary call in the service's own terms, with the failures that it shall meet.
// Depends on grpc++, the writer and storage/single_command.h.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <functional>

#include "participant/server/host.h"
#include "participant/server/wire.h"

namespace ldt::participant {

/// Serves one call. `request` is an Error where the call is malformed; `fill` makes the response of a call that is
/// answered.
[[nodiscard]] grpc::ServerUnaryReactor* serve_single(Host& host, grpc::CallbackServerContext* context,
                                                     Result<SingleRequest> request,
                                                     std::function<void(const SingleAnswer&)> fill);

}  // namespace ldt::participant
