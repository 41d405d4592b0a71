// How the processes of a marketplace know each other: by certificates, or not at all.
// Depends on grpc++ and platform/tls. Files that change are taken over within seconds, without a restart.
// Invariant: with certificates, nobody is spoken to whose name a certificate of our CA does not prove, and a server
// answers a call only to whom base/callers.h allows it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace grpc {
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc

namespace ldt::rpc {

/// A value; copies share their files.
class Security {
 public:
  /// Plain text, for everyone who can connect: for sockets in a folder that only the owner can enter.
  Security() = default;

  /// Mutual TLS with the files in `folder` (platform/tls/certificate_files.h); an empty `folder` means plain text.
  /// @param own_name  that the certificate must be made out to: "payment"
  /// @param say       takes one line whenever the files changed, cannot be used or expire; called from another thread,
  ///                  as long as a copy of this lives
  /// @return an Error that names the file and what is wrong with it
  [[nodiscard]] static Result<Security> open(const std::string& folder, const std::string& own_name,
                                             std::function<void(const std::string&)> say);

  [[nodiscard]] bool on() const { return files_ != nullptr; }
  /// Until the own certificate ends; negative once it has. Only where it is on().
  [[nodiscard]] std::int64_t seconds_left() const;
  [[nodiscard]] std::shared_ptr<grpc::ServerCredentials> server_credentials() const;
  /// The peer must be made out to the channel's name (make_channel sets it).
  [[nodiscard]] std::shared_ptr<grpc::ChannelCredentials> channel_credentials() const;

 private:
  class Files;
  explicit Security(std::shared_ptr<const Files> files) : files_(std::move(files)) {}
  std::shared_ptr<const Files> files_;
};

}  // namespace ldt::rpc
