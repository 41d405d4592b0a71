// What gRPC itself writes to its log: nothing that people should see, but for TLS handshakes that fail.
// Depends on gRPC's log function, of which a process has one. GRPC_VERBOSITY brings all of it back.
#pragma once

#include <functional>
#include <string>

namespace ldt::rpc {

/// Errors are returned and said once by whoever asked; gRPC's own lines are dropped.
void quieten_library();

/// From now on `say` (empty: nobody) takes a line when a handshake has failed, for whichever side's fault: at most one
/// every ten seconds. Nobody else would tell: to the callers it is a peer that cannot be reached.
void report_failed_handshakes(std::function<void(const std::string&)> say);

}  // namespace ldt::rpc
