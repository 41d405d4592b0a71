// The audit as a stream of pages.
// Depends on grpc++, audit.h and the readers' threads.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "ldt/participant/v1/participant.pb.h"
#include "participant/server/host.h"

namespace ldt::participant {

/// Serves one call of Audit. Owns itself.
[[nodiscard]] grpc::ServerWriteReactor<v1::AuditPage>* serve_audit(Host& host);

}  // namespace ldt::participant
