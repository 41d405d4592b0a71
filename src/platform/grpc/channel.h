// Client channels to other services, set up for local peers that may die and come back at any moment.
// Depends on grpc++. Invariant: a peer that is back is found within a quarter of a second.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "platform/grpc/security.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace ldt::rpc {

/// A channel to "unix:PATH", "HOST:PORT" or "dns:///NAME:PORT". Connects when it is first used.
/// @param peer  whom the other side's certificate must be made out to, whatever the address: "payment"
[[nodiscard]] std::shared_ptr<grpc::Channel> make_channel(const std::string& address, const Security& security = {},
                                                          const std::string& peer = {});
/// A channel that takes turns between replicas, each IP:PORT, leaving out those that are not there; one address may be
/// of any kind, and a name takes turns between its addresses.
[[nodiscard]] std::shared_ptr<grpc::Channel> make_channel(const std::vector<std::string>& replicas,
                                                          const Security& security = {}, const std::string& peer = {});

}  // namespace ldt::rpc
