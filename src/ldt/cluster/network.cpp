#include "ldt/cluster/network.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "ldt/cluster/programs.h"
#include "ldt/processes/run_program.h"
#include "platform/process/unique_fd.h"

namespace ldt::cluster {
namespace {

/// `ip WORDS...`, in silence: what it complains about shows in what is said of the failure.
Result<void> ip(const std::string& words) {
  const auto program = find_program("ip", "iproute2");
  if (!program) return tl::unexpected(program.error());
  const process::UniqueFd nothing(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  process::SpawnRequest request;
  request.program = *program;
  std::istringstream in(words);
  for (std::string word; in >> word;) request.arguments.push_back(word);
  request.working_directory = "/";
  request.output = nothing.get();
  const auto ended = run_to_end(request);
  if (!ended) return tl::unexpected(ended.error());
  if (ended->by_signal || ended->code != 0) {
    return failure(ErrorKind::kUnavailable, "`ip " + words + "` " + process::describe(*ended));
  }
  return {};
}

Result<void> ip_all(const std::vector<std::string>& commands) {
  for (const auto& words : commands) {
    if (auto done = ip(words); !done) return done;
  }
  return {};
}

}  // namespace

bool HostNetwork::is_allowed() {
  const std::string name = "ldt-try-" + std::to_string(::getpid());
  const std::string made = "-n " + name + " link add switch type bridge";
  const bool allowed = ::geteuid() == 0 && ip_all({"netns add " + name, made}).has_value();
  if (::geteuid() == 0) std::ignore = ip("netns delete " + name);
  return allowed;
}

Result<std::unique_ptr<HostNetwork>> HostNetwork::create(const Layout& layout) {
  std::unique_ptr<HostNetwork> made(new HostNetwork(layout));
  made->remove();
  auto ready = made->make_switch().and_then([&] { return made->add_own_end(); });
  for (int host = 1; ready && host <= layout.hosts(); ++host) ready = made->add_host(host);
  if (!ready) return tl::unexpected(ready.error());
  return made;
}

HostNetwork::~HostNetwork() { remove(); }

Result<void> HostNetwork::make_switch() const {
  const std::string in = "-n " + layout_.namespace_name(0) + " ";
  return ip_all(
      {"netns add " + layout_.namespace_name(0), in + "link add switch type bridge", in + "link set switch up"});
}

Result<void> HostNetwork::add_host(int host) const {
  const std::string name = layout_.namespace_name(host);
  const std::string port = "port" + std::to_string(host);
  const std::string in_switch = "-n " + layout_.namespace_name(0) + " ";
  return ip_all({"netns add " + name,                                                         //
                 in_switch + "link add " + port + " type veth peer name eth0 netns " + name,  //
                 in_switch + "link set " + port + " master switch up",                        //
                 "-n " + name + " addr add " + layout_.host_address(host) + "/24 dev eth0",   //
                 "-n " + name + " link set eth0 up",                                          //
                 "-n " + name + " link set lo up"});
}

Result<void> HostNetwork::add_own_end() const {
  const std::string own = layout_.interface_name();
  return ip_all({"link add " + own + " type veth peer name port0 netns " + layout_.namespace_name(0),
                 "addr add " + layout_.own_address() + "/24 dev " + own, "link set " + own + " up",
                 "-n " + layout_.namespace_name(0) + " link set port0 master switch up"});
}

void HostNetwork::remove() const {
  const std::string prefix = layout_.namespace_name(0).substr(0, layout_.namespace_name(0).size() - 1);
  std::error_code error;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator("/run/netns", error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix)) names.push_back(name);
  }
  for (const auto& name : names) std::ignore = ip("netns delete " + name);
  if (std::filesystem::exists("/sys/class/net/" + layout_.interface_name(), error)) {
    std::ignore = ip("link delete " + layout_.interface_name());
  }
}

}  // namespace ldt::cluster
