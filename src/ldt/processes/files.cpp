#include "ldt/processes/files.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/check.h"
#include "platform/process/unique_fd.h"

namespace ldt {
namespace {

tl::unexpected<Error> cannot(const std::string& what, const std::string& path, int error) {
  return failure(ErrorKind::kInternal, "cannot " + what + " " + path + ": " + std::strerror(error));
}

}  // namespace

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  text.erase(text.find_last_not_of(" \n\r\t") + 1);
  return text;
}

Result<void> write_file(const std::string& path, const std::string& text) {
  const std::string draft = path + ".new";
  const process::UniqueFd fd(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd) return cannot("write", draft, errno);
  const bool written = ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (!written || ::fsync(fd.get()) != 0) return cannot("write", draft, errno);
  if (::rename(draft.c_str(), path.c_str()) != 0) return cannot("write", path, errno);
  return {};
}

Result<void> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return cannot("make", path, errno);
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return failure(ErrorKind::kInvalid, path + " is not a folder");
  return {};
}

std::string random_secret() {
  std::array<unsigned char, 32> bytes{};
  CHECK(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  std::string secret;
  for (const unsigned char byte : bytes) {
    std::array<char, 3> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x", static_cast<unsigned>(byte));
    secret += digits.data();
  }
  return secret;
}

}  // namespace ldt
