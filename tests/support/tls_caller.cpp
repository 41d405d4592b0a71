#include "support/tls_caller.h"

#include <grpc/support/log.h>
#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <future>
#include <memory>

#include "support/process.h"

namespace ldt::testing {
namespace {

constexpr std::chrono::seconds kDeadline{5};

std::shared_ptr<grpc::ChannelCredentials> credentials_of(const Identity& identity) {
  if (identity.folder.empty()) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({.pem_root_certs = read_text(identity.trusts),
                               .pem_private_key = read_text(identity.folder / "tls.key"),
                               .pem_cert_chain = read_text(identity.folder / "tls.crt")});
}

std::string certificate_of_peer(const grpc::ClientContext& context) {
  const auto peer = context.auth_context();
  const auto found =
      peer ? peer->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME) : std::vector<grpc::string_ref>();
  return found.empty() ? std::string() : std::string(found.front().data(), found.front().size());
}

}  // namespace

CallResult call(const std::string& address, const std::string& expected, const std::string& method,
                const Identity& identity) {
  gpr_set_log_function([](gpr_log_func_args*) {});  // refusals are what is tested
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (!identity.folder.empty()) arguments.SetSslTargetNameOverride(expected);
  grpc::GenericStub stub(grpc::CreateCustomChannel(address, credentials_of(identity), arguments));

  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  const grpc::Slice empty;
  const grpc::ByteBuffer request(&empty, 1);
  grpc::ByteBuffer response;
  std::promise<grpc::Status> ended;
  stub.UnaryCall(&context, method, grpc::StubOptions(), &request, &response,
                 [&](grpc::Status status) { ended.set_value(std::move(status)); });
  CallResult result{ended.get_future().get(), {}};
  result.server_certificate = certificate_of_peer(context);
  return result;
}

}  // namespace ldt::testing
