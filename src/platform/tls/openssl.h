// OpenSSL's objects with owners, and its errors as ours. Only this folder's .cpp files include it.
// Depends on OpenSSL.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>
#include <string>

#include "base/result.h"

namespace ldt::tls {

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using Bio = std::unique_ptr<BIO, Freed<&BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freed<&X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<&EVP_PKEY_free>>;

/// What OpenSSL complained of last, in its own words; forgets it.
inline std::string last_complaint() {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
  ERR_clear_error();
  return text.data();
}

inline tl::unexpected<Error> refuse(const std::string& file, const std::string& why) {
  return failure(ErrorKind::kInvalid, file + ": " + why);
}

}  // namespace ldt::tls
