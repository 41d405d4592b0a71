// Sets up a gRPC server.
// Depends on grpc++ and its reflection plugin.
#include "platform/grpc/server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <sys/stat.h>

#include <filesystem>
#include <mutex>
#include <string_view>
#include <system_error>

#include "platform/grpc/library_log.h"

namespace ldt::rpc {

namespace {

constexpr std::string_view kUnixScheme = "unix:";
constexpr const char* kAlive = "live";  // the health server's own service: SERVING as long as the process answers

/// The socket's path; empty for another kind of address.
std::string socket_path(const std::string& address) {
  return address.starts_with(kUnixScheme) ? address.substr(kUnixScheme.size()) : std::string();
}

Result<void> make_socket_folder(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) return failure(ErrorKind::kInternal, folder.string() + ": " + error.message());
  return {};
}

void set_up_process() {
  static std::once_flag once;
  std::call_once(once, [] {
    quieten_library();
    // Held until the process ends: letting go of the library may take it ten seconds, which it gives to connections
    // that it still counts.
    grpc_init();
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

/// Null where the address cannot be listened on.
std::unique_ptr<grpc::Server> listen(const std::string& address, const std::vector<NamedService>& services,
                                     const Security& security) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address, security.server_credentials(), &port);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // two processes must not share a port by accident
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetMaxSendMessageSize(kMaxMessageBytes);
  for (const auto& named : services) builder.RegisterService(named.service);

  const mode_t old_mask = ::umask(0177);  // a socket is made with the mask alone
  std::unique_ptr<grpc::Server> started = builder.BuildAndStart();
  ::umask(old_mask);
  return port == 0 ? nullptr : std::move(started);
}

}  // namespace

Server::Server(std::unique_ptr<grpc::Server> server) : server_(std::move(server)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(const std::string& address, const std::vector<NamedService>& services,
                                              const Security& security, const std::string& health) {
  set_up_process();
  const std::string path = socket_path(address);
  if (auto made = make_socket_folder(path); !made) return tl::unexpected(made.error());

  auto started = listen(address, services, security);
  if (!started) return failure(ErrorKind::kUnavailable, "cannot listen on " + address);
  std::unique_ptr<Server> server(new Server(std::move(started)));
  if (!health.empty()) {
    server->health_server_ = listen(health, {}, {});
    if (!server->health_server_) return failure(ErrorKind::kUnavailable, "cannot listen on " + health);
    server->health_server_->GetHealthCheckService()->SetServingStatus(kAlive, true);
  }
  for (const auto& named : services) server->names_.push_back(named.name);
  server->set_serving(false);
  return server;
}

void Server::set_ready() { set_serving(true); }

void Server::set_serving(bool serving) {
  for (grpc::Server* each : {server_.get(), health_server_.get()}) {
    if (each == nullptr) continue;
    auto* health = each->GetHealthCheckService();
    for (const auto& name : names_) health->SetServingStatus(name, serving);
    health->SetServingStatus("", serving);
  }
}

void Server::drain(std::chrono::milliseconds grace) {
  set_serving(false);
  const auto deadline = std::chrono::system_clock::now() + grace;
  server_->Shutdown(deadline);
  server_->Wait();
  if (!health_server_) return;
  health_server_->Shutdown(deadline);
  health_server_->Wait();
}

}  // namespace ldt::rpc
