#include "platform/tls/authority.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include "base/check.h"
#include "platform/tls/certificate_files.h"
#include "platform/tls/openssl.h"

namespace ldt::tls {
namespace {

constexpr std::int64_t kDay = std::int64_t{24} * 3600 * 1'000'000;
constexpr std::int64_t kRenewBefore = 30 * kDay;
constexpr long kAuthorityDays = 3650;
constexpr long kIdentityDays = 365;
constexpr long kClockSkewSeconds = 300;

struct Pair {
  Certificate certificate;
  Key key;
};

struct Extension {
  int nid;
  const char* value;
};

std::string random_hex(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) {
    unsigned char byte = 0;
    CHECK(RAND_bytes(&byte, 1) == 1);
    constexpr const char* kDigits = "0123456789abcdef";
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

void set_serial(X509* certificate) {
  BIGNUM* number = nullptr;
  CHECK(BN_hex2bn(&number, random_hex(16).c_str()) > 0);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
  BN_free(number);
}

void set_subject(X509* certificate, const std::string& name) {
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.data()), static_cast<int>(name.size()), -1, 0);
}

void set_validity(X509* certificate, WallTime now, long days) {
  auto seconds = static_cast<std::time_t>(now.us / 1'000'000);
  X509_time_adj_ex(X509_getm_notBefore(certificate), 0, -kClockSkewSeconds, &seconds);
  X509_time_adj_ex(X509_getm_notAfter(certificate), static_cast<int>(days), 0, &seconds);
}

void add_extension(X509* certificate, X509* issuer, const Extension& extension) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, extension.nid, extension.value);
  CHECK(made != nullptr);
  X509_add_ext(certificate, made, -1);
  X509_EXTENSION_free(made);
}

/// Signed by `issuer`, or by itself where there is none.
Pair make_pair(const std::string& name, WallTime now, long days, const Pair* issuer,
               const std::vector<Extension>& extensions) {
  Pair made{Certificate(X509_new()), Key(EVP_EC_gen("P-256"))};
  CHECK(made.certificate != nullptr && made.key != nullptr);
  X509* certificate = made.certificate.get();
  X509* signer = issuer != nullptr ? issuer->certificate.get() : certificate;
  X509_set_version(certificate, X509_VERSION_3);
  set_serial(certificate);
  set_subject(certificate, name);
  X509_set_issuer_name(certificate, X509_get_subject_name(signer));
  set_validity(certificate, now, days);
  X509_set_pubkey(certificate, made.key.get());
  for (const auto& extension : extensions) add_extension(certificate, signer, extension);
  CHECK(X509_sign(certificate, issuer != nullptr ? issuer->key.get() : made.key.get(), EVP_sha256()) > 0);
  return made;
}

Pair make_authority(WallTime now) {
  return make_pair("late-day tokens development CA " + random_hex(4), now, kAuthorityDays, nullptr,
                   {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                    {NID_key_usage, "critical,keyCertSign,cRLSign"},
                    {NID_subject_key_identifier, "hash"}});
}

Pair make_identity(const std::string& name, WallTime now, const Pair& authority) {
  const std::string names = "DNS:" + name;
  return make_pair(name, now, kIdentityDays, &authority,
                   {{NID_basic_constraints, "critical,CA:FALSE"},
                    {NID_key_usage, "critical,digitalSignature"},
                    {NID_ext_key_usage, "serverAuth,clientAuth"},
                    {NID_subject_alt_name, names.c_str()},
                    {NID_subject_key_identifier, "hash"},
                    {NID_authority_key_identifier, "keyid"}});
}

template <class Write>
std::string to_pem(Write write) {
  const Bio bio(BIO_new(BIO_s_mem()));
  CHECK(write(bio.get()) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string pem_of(const Certificate& certificate) {
  return to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
}

std::string pem_of(const Key& key) {
  return to_pem(
      [&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
}

/// By way of a draft, so that who watches the file never reads half of it.
Result<void> write_file(const std::string& path, const std::string& text) {
  const std::string draft = path + ".new";
  ::unlink(draft.c_str());
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return refuse(draft, std::strerror(errno));
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  const std::string why = written ? "" : std::strerror(errno);
  ::close(fd);
  if (!written) return refuse(draft, why);
  if (::rename(draft.c_str(), path.c_str()) != 0) return refuse(path, std::strerror(errno));
  return {};
}

Result<void> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return refuse(path, std::strerror(errno));
}

Bio open(const std::string& path) { return Bio(BIO_new_file(path.c_str(), "r")); }

/// The one that is there; nothing where it is missing, broken or about to end.
std::optional<Pair> read_authority(const CertificateFiles& files, const std::string& key_file, WallTime now) {
  const Bio certificate = open(files.authority());
  const Bio key = open(key_file);
  Pair pair;
  if (certificate) pair.certificate.reset(PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr));
  if (key) pair.key.reset(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
  auto limit = static_cast<std::time_t>((now.us + (kIdentityDays + 1) * kDay) / 1'000'000);  // outlives what it signs
  const bool good = pair.certificate && pair.key &&
                    X509_check_private_key(pair.certificate.get(), pair.key.get()) == 1 &&
                    X509_cmp_time(X509_get0_notAfter(pair.certificate.get()), &limit) > 0;
  ERR_clear_error();
  if (!good) return std::nullopt;
  return pair;
}

Result<Pair> provide_authority(const std::string& folder, WallTime now) {
  const CertificateFiles files{folder};
  const std::string key_file = folder + "/ca.key";
  if (auto there = read_authority(files, key_file, now)) return std::move(*there);
  Pair made = make_authority(now);
  auto written = write_file(key_file, pem_of(made.key)).and_then([&] {
    return write_file(files.authority(), pem_of(made.certificate));
  });
  if (!written) return tl::unexpected(written.error());
  return made;
}

bool same_authority(const CertificateFiles& files, const Pair& authority) {
  std::ifstream in(files.authority(), std::ios::binary);
  return std::string{std::istreambuf_iterator<char>(in), {}} == pem_of(authority.certificate);
}

Result<void> provide_identity(const CertificateFiles& files, const std::string& name, WallTime now,
                              const Pair& authority, Renew renew) {
  const auto until = examine(files, name, now);
  if (renew == Renew::kWhatEnds && until && until->us - now.us > kRenewBefore && same_authority(files, authority))
    return {};
  const Pair made = make_identity(name, now, authority);
  return make_folder(files.folder)
      .and_then([&] { return write_file(files.authority(), pem_of(authority.certificate)); })
      .and_then([&] { return write_file(files.key(), pem_of(made.key)); })
      .and_then([&] { return write_file(files.certificate(), pem_of(made.certificate)); });
}

}  // namespace

Result<void> provide_identities(const std::string& folder, const std::vector<std::string>& names, WallTime now,
                                Renew renew) {
  if (auto made = make_folder(folder); !made) return made;
  const auto authority = provide_authority(folder, now);
  if (!authority) return tl::unexpected(authority.error());
  const std::string below = folder + "/";
  for (const auto& name : names) {
    if (auto made = provide_identity({below + name}, name, now, *authority, renew); !made) return made;
  }
  return {};
}

}  // namespace ldt::tls
