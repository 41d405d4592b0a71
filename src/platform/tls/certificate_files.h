// A service's three files, with the names that Kubernetes gives them: ca.crt, tls.crt, tls.key.
// Depends on OpenSSL, which it hides. Reads; writes nothing.
// Invariant: files that pass examine() make a TLS identity that peers with the same CA accept now.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace ldt::tls {

struct CertificateFiles {
  std::string folder;

  [[nodiscard]] std::string authority() const { return folder + "/ca.crt"; }
  [[nodiscard]] std::string certificate() const { return folder + "/tls.crt"; }
  [[nodiscard]] std::string key() const { return folder + "/tls.key"; }
};

/// Checks that all three can be read, that the key belongs to the certificate, that the CA signed it, that it is valid
/// now, and that it is made out to `name` (a DNS name among its subject alternative names).
/// @return until when it is valid; an Error whose detail names the file and what is wrong with it
[[nodiscard]] Result<WallTime> examine(const CertificateFiles& files, const std::string& name, WallTime now);

/// "2027-01-31 12:00:00 UTC"
[[nodiscard]] std::string to_text(WallTime time);

}  // namespace ldt::tls
