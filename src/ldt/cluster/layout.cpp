#include "ldt/cluster/layout.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>
#include <functional>
#include <memory>
#include <optional>

#include "ldt/cluster/network.h"
#include "ldt/output/text.h"
#include "ldt/processes/files.h"
#include "ldt/processes/listen_port.h"

namespace ldt::cluster {
namespace {

constexpr const char* kFile = "cluster/network";
constexpr const char* kNamespaces = "namespaces ";
constexpr const char* kLoopback = "loopback ";
constexpr int kFirstPort = 21'000;  // below the ports that Linux gives to outgoing connections
constexpr int kPorts = 50;
constexpr int kTries = 200;
constexpr int kNetworks = 250;

std::string in_network(int network, int host) {
  return "10.213." + std::to_string(network) + "." + std::to_string(host);
}

/// No interface of this machine has an address there.
bool is_free_network(int network) {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return false;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(first, &::freeifaddrs);
  in_addr wanted{};
  ::inet_pton(AF_INET, in_network(network, 0).c_str(), &wanted);
  for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    const auto address = ntohl(reinterpret_cast<const sockaddr_in*>(each->ifa_addr)->sin_addr.s_addr);
    if ((address & 0xFFFFFF00U) == ntohl(wanted.s_addr)) return false;
  }
  return true;
}

bool are_free_ports(int first) {
  for (int port = first; port < first + kPorts; ++port) {
    if (!is_free({"127.0.0.1", std::to_string(port)})) return false;
  }
  return true;
}

/// Folders begin at different places, so that a stopped cluster's choice is seldom taken by another.
Result<int> choose_base(bool namespaces, const std::string& folder) {
  const auto hash = static_cast<int>(std::hash<std::string>{}(folder) % kTries);
  for (int i = 0; i < kTries; ++i) {
    const int n = (hash + i) % kTries;
    if (namespaces && is_free_network(1 + n % kNetworks)) return 1 + n % kNetworks;
    if (!namespaces && are_free_ports(kFirstPort + n * kPorts)) return kFirstPort + n * kPorts;
  }
  return failure(ErrorKind::kConflict, namespaces ? "no network of 10.213.0.0/16 is free" : "no row of ports is free");
}

std::optional<int> number_after(const std::string& text, const std::string& word) {
  int number = 0;
  if (!text.starts_with(word)) return std::nullopt;
  const auto result = std::from_chars(text.data() + word.size(), text.data() + text.size(), number);
  return result.ec == std::errc{} ? std::optional(number) : std::nullopt;
}

}  // namespace

Result<Layout> Layout::choose(const DataFolder& data, Network wanted, int replicas) {
  const std::string known = read_file(data.file(kFile));
  if (const auto base = number_after(known, kLoopback); base && wanted != Network::kNamespaces) {
    return Layout(false, *base, replicas);
  }
  if (const auto base = number_after(known, kNamespaces); base && wanted != Network::kLoopback) {
    return Layout(true, *base, replicas);
  }
  if (!known.empty()) {
    return failure(ErrorKind::kConflict, "the hosts of this cluster live in another kind of network (" + known +
                                             "), which etcd remembers; use --network auto or another data folder");
  }
  const bool namespaces = wanted == Network::kNamespaces || (wanted == Network::kAuto && HostNetwork::is_allowed());
  const auto base = choose_base(namespaces, data.path());
  if (!base) return tl::unexpected(base.error());
  return write_file(data.file(kFile), (namespaces ? kNamespaces : kLoopback) + std::to_string(*base) + "\n").map([&] {
    return Layout(namespaces, *base, replicas);
  });
}

std::string Layout::host_address(int host) const { return namespaces_ ? in_network(base_, host) : "127.0.0.1"; }

std::string Layout::namespace_name(int host) const {
  return "ldt-" + std::to_string(base_) + "-" + std::to_string(host);
}

std::string Layout::network() const { return namespaces_ ? in_network(base_, 0) + "/24" : "127.0.0.1/32"; }

Address Layout::at(int host, int port, int offset) const {
  return {host_address(host), std::to_string(namespaces_ ? port : base_ + offset + host - 1)};
}

std::string Layout::grpc(const std::string& service, int host) const {
  const int number = service == "payment" ? 1 : service == "inventory" ? 2 : service == "delivery" ? 3 : 0;
  return at(host, 7000 + number, 18 + number * kMostReplicas).text();
}

std::string Layout::store_url(const std::string& password_file) const {
  std::string hosts;
  for (int host = 1; host <= kDatabases; ++host) hosts += (host == 1 ? "" : ",") + postgres(host).text();
  return "postgresql://ldt@" + hosts + "/ldt?target_session_attrs=read-write&passfile=" + percent_encode(password_file);
}

}  // namespace ldt::cluster
