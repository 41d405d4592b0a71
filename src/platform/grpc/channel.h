// Client channels to other services, set up for local peers that may die and come back at any moment.
// Depends on grpc++. Invariant: a peer that is back is found within a quarter of a second.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace grpc {
class Channel;
}  // namespace grpc

namespace ldt::rpc {

/// A channel to "unix:PATH", "HOST:PORT" or "dns:///NAME:PORT". Connects when it is first used.
[[nodiscard]] std::shared_ptr<grpc::Channel> make_channel(const std::string& address);
/// A channel that takes turns between replicas, each IP:PORT, leaving out those that are not there; one address may be
/// of any kind, and a name takes turns between its addresses.
[[nodiscard]] std::shared_ptr<grpc::Channel> make_channel(const std::vector<std::string>& replicas);

}  // namespace ldt::rpc
