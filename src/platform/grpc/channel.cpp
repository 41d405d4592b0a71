#include "platform/grpc/channel.h"

#include <grpcpp/grpcpp.h>

#include "platform/grpc/server.h"

namespace ldt::rpc {

namespace {

std::string target_of(const std::vector<std::string>& replicas) {
  if (replicas.size() == 1) return replicas.front();
  std::string target = "ipv4:";
  for (const auto& replica : replicas) target += (&replica == &replicas.front() ? "" : ",") + replica;
  return target;
}

}  // namespace

std::shared_ptr<grpc::Channel> make_channel(const std::string& address, const Security& security,
                                            const std::string& peer) {
  return make_channel(std::vector<std::string>{address}, security, peer);
}

std::shared_ptr<grpc::Channel> make_channel(const std::vector<std::string>& replicas, const Security& security,
                                            const std::string& peer) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);  // finds a peer whose machine is gone
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  // The channels of one process share nothing: one peer's trouble is not another's.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetLoadBalancingPolicyName("round_robin");
  if (security.on()) arguments.SetSslTargetNameOverride(peer);
  return grpc::CreateCustomChannel(target_of(replicas), security.channel_credentials(), arguments);
}

}  // namespace ldt::rpc
