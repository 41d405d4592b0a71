// Client channels to other services, set up for local peers that may die and come back at any moment.
// Depends on grpc++. Invariant: a peer that is back is found within a quarter of a second.
#pragma once

#include <memory>
#include <string>

namespace grpc {
class Channel;
}  // namespace grpc

namespace ldt::rpc {

/// A channel to "unix:PATH" or "HOST:PORT". Connects when it is first used.
[[nodiscard]] std::shared_ptr<grpc::Channel> make_channel(const std::string& address);

}  // namespace ldt::rpc
