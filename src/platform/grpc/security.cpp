#include "platform/grpc/security.h"

#include <grpcpp/security/auth_context.h>
#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <string_view>
#include <utility>

#include "base/callers.h"
#include "base/clock.h"
#include "platform/grpc/library_log.h"
#include "platform/tls/certificate_watch.h"

namespace ldt::rpc {

namespace {

namespace experimental = grpc::experimental;

constexpr unsigned kReadAgainSeconds = 1;

std::string_view view(const grpc::string_ref& text) { return {text.data(), text.size()}; }

/// Looks at each call when its headers have come, before it reaches a service.
class CallerCheck final : public grpc::AuthMetadataProcessor {
 public:
  [[nodiscard]] bool IsBlocking() const override { return false; }

  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* caller, OutputMetadata*,
                       OutputMetadata*) override {
    const auto path = metadata.find(":path");
    const std::string_view method = path != metadata.end() ? view(path->second) : std::string_view();
    std::string names;
    for (const auto& name : caller->FindPropertyValues(GRPC_PEER_DNS_PROPERTY_NAME)) {
      if (may_call(view(name), method)) return grpc::Status::OK;
      names += (names.empty() ? "" : ", ") + std::string(view(name));
    }
    return {grpc::StatusCode::PERMISSION_DENIED,
            "'" + names + "' may not call " + std::string(method) + " (the list is in docs/deployment.md)"};
  }
};

}  // namespace

/// The files, as gRPC reads them, and our own eye on them.
class Security::Files {
 public:
  Files(const tls::CertificateFiles& files, const std::string& own_name, std::function<void(const std::string&)> say)
      : provider_(std::make_shared<experimental::FileWatcherCertificateProvider>(files.key(), files.certificate(),
                                                                                 files.authority(), kReadAgainSeconds)),
        watch_(files, own_name, say) {
    report_failed_handshakes(std::move(say));
  }
  ~Files() { report_failed_handshakes({}); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  [[nodiscard]] WallTime valid_until() const { return watch_.valid_until(); }

  [[nodiscard]] std::shared_ptr<grpc::ServerCredentials> server_credentials() const {
    experimental::TlsServerCredentialsOptions options(provider_);
    options.watch_root_certs();
    options.watch_identity_key_cert_pairs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    auto credentials = experimental::TlsServerCredentials(options);
    credentials->SetAuthMetadataProcessor(std::make_shared<CallerCheck>());
    return credentials;
  }

  [[nodiscard]] std::shared_ptr<grpc::ChannelCredentials> channel_credentials() const {
    experimental::TlsChannelCredentialsOptions options;
    options.set_certificate_provider(provider_);
    options.watch_root_certs();
    options.watch_identity_key_cert_pairs();
    options.set_certificate_verifier(std::make_shared<experimental::HostNameCertificateVerifier>());
    options.set_verify_server_certs(true);
    return experimental::TlsCredentials(options);
  }

 private:
  std::shared_ptr<experimental::FileWatcherCertificateProvider> provider_;
  tls::CertificateWatch watch_;
};

Result<Security> Security::open(const std::string& folder, const std::string& own_name,
                                std::function<void(const std::string&)> say) {
  if (folder.empty()) return Security();
  const tls::CertificateFiles files{folder};
  if (auto usable = tls::examine(files, own_name, SystemClock().wall()); !usable) {
    return tl::unexpected(usable.error());
  }
  return Security(std::make_shared<const Files>(files, own_name, std::move(say)));
}

std::int64_t Security::seconds_left() const { return (files_->valid_until().us - SystemClock().wall().us) / 1'000'000; }

std::shared_ptr<grpc::ServerCredentials> Security::server_credentials() const {
  return files_ ? files_->server_credentials() : grpc::InsecureServerCredentials();
}

std::shared_ptr<grpc::ChannelCredentials> Security::channel_credentials() const {
  return files_ ? files_->channel_credentials() : grpc::InsecureChannelCredentials();
}

}  // namespace ldt::rpc
