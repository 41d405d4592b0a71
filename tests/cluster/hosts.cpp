#include "cluster/hosts.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "support/eventually.h"
#include "support/http.h"
#include "support/process.h"

namespace ldt::testing {
namespace {

constexpr const char* kTable = "ldt_test";  // of nft, in the namespace of a host that does not hear another

bool accepts(int family, const sockaddr* address, socklen_t size) {
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool accepted = fd >= 0 && connect(fd, address, size) == 0;
  if (fd >= 0) close(fd);
  return accepted;
}

sockaddr_un unix_address(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

std::vector<std::string> in_namespace(const std::string& name, std::vector<std::string> words) {
  words.insert(words.begin(), {"/usr/sbin/ip", "netns", "exec", name, "nft"});
  return words;
}

}  // namespace

void run_or_throw(const std::vector<std::string>& words) {
  const auto finished = run_to_end({.words = words});
  if (finished.exit_code == 0) return;
  std::string line;
  for (const auto& word : words) line += word + " ";
  throw std::runtime_error(line + "failed: " + finished.output);
}

Hosts::Hosts(Marketplace& market) : market_(market) {
  const auto layout = Json::parse(read_text(market.data() / "cluster" / "layout.json"));
  for (const auto& each : layout.at("hosts")) {
    ClusterHost host{each.at("name").get<std::string>(),
                     each.at("address").get<std::string>(),
                     text_of(each, "namespace"),
                     text_of(each, "patroni"),
                     {}};
    for (const auto& part : each.at("parts")) {
      host.parts.push_back({part.at("name").get<std::string>(), part.at("listens").get<std::string>()});
    }
    hosts_.push_back(host);
  }
}

void Hosts::cut(std::size_t from, std::size_t to) {
  const auto& name = hosts_.at(to).network_namespace;
  run_or_throw(in_namespace(name, {"add", "table", "ip", kTable}));
  run_or_throw(in_namespace(name, {"add", "chain", "ip", kTable, "input", "{ type filter hook input priority 0 ; }"}));
  run_or_throw(
      in_namespace(name, {"add", "rule", "ip", kTable, "input", "ip", "saddr", hosts_.at(from).address, "drop"}));
}

void Hosts::heal() {
  for (const auto& host : hosts_) {
    if (!host.network_namespace.empty())
      run_to_end({.words = in_namespace(host.network_namespace, {"delete", "table", "ip", kTable})});
  }
}

std::vector<std::pair<std::string, std::string>> Hosts::roles() const {
  std::vector<std::pair<std::string, std::string>> roles;
  for (const auto& host : hosts_) {
    if (host.patroni.empty()) continue;
    const auto answer = Http(host.patroni).send("GET", "/cluster");
    if (answer.status != 200) continue;
    for (const auto& member : answer.body.at("members"))
      roles.emplace_back(text_of(member, "name"), text_of(member, "role"));
    return roles;
  }
  return roles;
}

std::size_t Hosts::primary() const {
  std::size_t found = hosts_.size();
  eventually(
      [&] {
        for (const auto& [name, role] : roles()) {
          if (role == "leader") found = static_cast<std::size_t>(name.back() - '1');
        }
        return found < hosts_.size();
      },
      std::chrono::seconds(60));
  if (found == hosts_.size()) throw std::runtime_error("there is no primary");
  return found;
}

bool Hosts::await_standby(std::chrono::milliseconds patience) const {
  return eventually(
      [&] {
        bool leader = false, standby = false;
        for (const auto& [name, role] : roles()) {
          leader = leader || role == "leader";
          standby = standby || role == "sync_standby";
        }
        return leader && standby;
      },
      patience);
}

void Hosts::switch_over() {
  const auto before = primary();
  const auto name = [](std::size_t host) { return "postgresql-" + std::to_string(host + 1); };
  const auto answer =
      Http(hosts_.at(before).patroni)
          .send("POST", "/switchover", {}, Json{{"leader", name(before)}, {"candidate", name(1 - before)}}.dump());
  if (answer.status != 200) throw std::runtime_error("Patroni does not switch over: " + std::to_string(answer.status));
}

std::vector<pid_t> Hosts::find(const std::string& part) const {
  const auto kind = part.substr(0, part.rfind('-'));
  const auto number = part.substr(part.rfind('-') + 1);
  if (kind == "haproxy") return market_.pids_of("haproxy");
  if (kind == "etcd") return market_.pids_of("etcd", "cluster/" + part);
  if (kind == "postgresql") return market_.pids_of("patroni", part + "/patroni.yml");
  return market_.pids_of("ldt-" + kind, "log/host-" + number);
}

pid_t Hosts::pid_of(const std::string& part) const {
  std::vector<pid_t> found;
  if (!eventually([&] { return !(found = find(part)).empty(); })) throw std::runtime_error("no process of " + part);
  return found.front();
}

pid_t Hosts::postmaster(std::size_t host) const {
  std::ifstream file(market_.data() / "cluster" / ("postgresql-" + std::to_string(host + 1)) / "data/postmaster.pid");
  pid_t pid = 0;
  file >> pid;
  return pid > 1 && is_running(pid) ? pid : 0;
}

std::vector<pid_t> Hosts::postgres_children(std::size_t host, const std::string& word) const {
  std::vector<pid_t> found;
  for (const auto& [name, pid] : children_of(postmaster(host))) {
    if (read_text("/proc/" + std::to_string(pid) + "/cmdline").find(word) != std::string::npos) found.push_back(pid);
  }
  return found;
}

bool Hosts::is_balanced(const std::string& order_replica) const {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = unix_address(market_.data() / "run/haproxy.sock");
  const std::string question = "show stat\n";
  std::string answer;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      send(fd, question.data(), question.size(), MSG_NOSIGNAL) > 0) {
    std::array<char, 4096> buffer{};
    for (ssize_t got = 0; (got = recv(fd, buffer.data(), buffer.size(), 0)) > 0;)
      answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  close(fd);
  const auto line = answer.find("order," + order_replica + ",");
  return line != std::string::npos &&
         answer.substr(line, answer.find('\n', line) - line).find(",UP,") != std::string::npos;
}

bool Hosts::listens(const std::string& part) const {
  for (const auto& host : hosts_) {
    for (const auto& each : host.parts) {
      if (each.name != part) continue;
      if (each.listens.starts_with("unix:")) {
        const sockaddr_un address = unix_address(market_.data() / each.listens.substr(5));
        return accepts(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address);
      }
      const auto colon = each.listens.rfind(':');
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(each.listens.substr(colon + 1))));
      inet_pton(AF_INET, each.listens.substr(0, colon).c_str(), &address.sin_addr);
      return accepts(AF_INET, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
  }
  throw std::runtime_error("no part " + part);
}

}  // namespace ldt::testing
