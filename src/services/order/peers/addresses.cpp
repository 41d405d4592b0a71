#include "services/order/peers/addresses.h"

#include "platform/grpc/channel.h"

namespace ldt::order {

namespace {
constexpr int kLinksToName = 4;  // over one channel that takes turns between the name's addresses
}

std::shared_ptr<grpc::Channel> any_replica(const PeerOptions& peer, const rpc::Security& security,
                                           const std::string& name) {
  return rpc::make_channel(peer.addresses, security, name);
}

std::vector<PeerAddress> each_replica(const PeerOptions& peer, const rpc::Security& security, const std::string& name) {
  std::vector<PeerAddress> links;
  if (peer.addresses.size() == 1 && peer.addresses.front().starts_with("dns:")) {
    const auto channel = rpc::make_channel(peer.addresses, security, name);
    for (int i = 0; i < kLinksToName; ++i) links.push_back({channel, {}});
    return links;
  }
  for (const auto& address : peer.addresses) links.push_back({rpc::make_channel(address, security, name), {}});
  if (links.size() == 1) links.front().batches = peer.batches;
  return links;
}

}  // namespace ldt::order
