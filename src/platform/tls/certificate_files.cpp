#include "platform/tls/certificate_files.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <vector>

#include "platform/tls/openssl.h"

namespace ldt::tls {
namespace {

using Certificates = std::vector<Certificate>;
using Store = std::unique_ptr<X509_STORE, Freed<&X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Freed<&X509_STORE_CTX_free>>;

void free_stack(STACK_OF(X509) * stack) { sk_X509_free(stack); }

std::time_t to_seconds(WallTime time) { return static_cast<std::time_t>(time.us / 1'000'000); }

Result<Bio> open(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return refuse(file, std::strerror(errno));
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  Bio bio(BIO_new(BIO_s_mem()));
  BIO_write(bio.get(), text.data(), static_cast<int>(text.size()));
  return bio;
}

/// All certificates of a file, at least one.
Result<Certificates> read_certificates(const std::string& file) {
  auto bio = open(file);
  if (!bio) return tl::unexpected(bio.error());
  Certificates certificates;
  while (X509* next = PEM_read_bio_X509(bio->get(), nullptr, nullptr, nullptr)) certificates.emplace_back(next);
  ERR_clear_error();  // the end of the file is an error, too
  if (certificates.empty()) return refuse(file, "holds no certificate in PEM");
  return certificates;
}

Result<Key> read_key(const std::string& file) {
  auto bio = open(file);
  if (!bio) return tl::unexpected(bio.error());
  Key key(PEM_read_bio_PrivateKey(bio->get(), nullptr, nullptr, nullptr));
  if (!key) return refuse(file, "holds no private key in PEM: " + last_complaint());
  return key;
}

WallTime to_time(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return {static_cast<std::int64_t>(::timegm(&parts)) * 1'000'000};
}

std::string validity(const X509* certificate) {
  return "valid from " + to_text(to_time(X509_get0_notBefore(certificate))) + " to " +
         to_text(to_time(X509_get0_notAfter(certificate)));
}

/// Whether a chain leads from the first of `chain` to one of `roots`, all valid at `now`.
Result<void> verify(const std::string& file, const Certificates& chain, const Certificates& roots, WallTime now) {
  const Store store(X509_STORE_new());
  for (const auto& root : roots) X509_STORE_add_cert(store.get(), root.get());
  const std::unique_ptr<STACK_OF(X509), Freed<&free_stack>> between(sk_X509_new_null());
  for (const auto& certificate : chain) sk_X509_push(between.get(), certificate.get());
  const StoreContext context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), chain.front().get(), between.get());
  X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context.get()), to_seconds(now));
  if (X509_verify_cert(context.get()) == 1) return {};
  const X509* at = X509_STORE_CTX_get_current_cert(context.get());
  const std::string what = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
  return refuse(file, what + (at != nullptr ? " (" + validity(at) + ")" : ""));
}

}  // namespace

Result<WallTime> examine(const CertificateFiles& files, const std::string& name, WallTime now) {
  const auto roots = read_certificates(files.authority());
  if (!roots) return tl::unexpected(roots.error());
  const auto chain = read_certificates(files.certificate());
  if (!chain) return tl::unexpected(chain.error());
  const auto key = read_key(files.key());
  if (!key) return tl::unexpected(key.error());

  X509* own = chain->front().get();
  if (X509_check_private_key(own, key->get()) != 1) {
    ERR_clear_error();
    return refuse(files.key(), "is not the key of " + files.certificate());
  }
  if (auto verified = verify(files.certificate(), *chain, *roots, now); !verified) {
    return tl::unexpected(verified.error());
  }
  if (X509_check_host(own, name.data(), name.size(), X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) != 1) {
    return refuse(files.certificate(), "is not made out to the DNS name '" + name + "'");
  }
  return to_time(X509_get0_notAfter(own));
}

std::string to_text(WallTime time) {
  const std::time_t seconds = to_seconds(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text.data();
}

}  // namespace ldt::tls
