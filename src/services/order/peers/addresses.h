// Where a participant's processes are, as the command line says it, and the channels to them.
// Depends on platform/grpc. Invariant: what is read may come from any replica; a batch has a link of its own to each.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "platform/grpc/security.h"
#include "services/order/peers/participant_link.h"

namespace ldt::order {

struct PeerOptions {
  std::vector<std::string> addresses;  // gRPC: one unix:PATH, one dns:///NAME:PORT, or IP:PORT of each replica
  std::string batches;                 // the batch socket of the only one; empty: none
};

/// A channel for reads, over all of them. `name`: the participant's, which their certificates are made out to.
[[nodiscard]] std::shared_ptr<grpc::Channel> any_replica(const PeerOptions& peer, const rpc::Security& security,
                                                         const std::string& name);
/// One address for each replica; for a name that stands for several processes, so many that each of a few gets one.
[[nodiscard]] std::vector<PeerAddress> each_replica(const PeerOptions& peer, const rpc::Security& security,
                                                    const std::string& name);

}  // namespace ldt::order
