#include "platform/tls/certificate_watch.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace ldt::tls {
namespace {

constexpr std::chrono::seconds kLookAgain{1};
constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 24 * 3600 * kSecond;
constexpr std::int64_t kWarnBefore = 7 * kDay;
constexpr std::int64_t kWarnAgain = kDay;
constexpr std::int64_t kExpiredAgain = 60 * kSecond;

WallTime after(WallTime time, std::int64_t us) { return {time.us + us}; }

}  // namespace

CertificateWatch::CertificateWatch(CertificateFiles files, std::string name,
                                   std::function<void(const std::string&)> say)
    : files_(std::move(files)), name_(std::move(name)), say_(std::move(say)), seen_(stamps()) {
  valid_until_us_ = examine(files_, name_, SystemClock().wall()).value_or(WallTime{}).us;
  thread_ = std::thread([this] { run(); });
}

CertificateWatch::~CertificateWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void CertificateWatch::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    look();
    lock.lock();
    wake_.wait_for(lock, kLookAgain, [this] { return stopping_; });
  }
}

void CertificateWatch::look() {
  if (stamps() != seen_ || !complaint_.empty()) look_at_change();
  warn_of_the_end();
}

/// Files are replaced one after the other, so what is wrong for a moment is none of anybody's business.
void CertificateWatch::look_at_change() {
  const std::string stamps_now = stamps();
  const bool settled = stamps_now == seen_;
  seen_ = stamps_now;
  const auto usable = examine(files_, name_, SystemClock().wall());
  if (usable) {
    complaint_.clear();
    valid_until_us_ = usable->us;
    warn_.reset();
    say_("the certificate in " + files_.folder + " was replaced; it is valid until " + to_text(valid_until()));
  } else if (!settled) {
    complaint_ = usable.error().detail;
  } else {
    complaint_.clear();
    say_("the new certificate cannot be used, and new connections fail: " + usable.error().detail);
  }
}

void CertificateWatch::warn_of_the_end() {
  const WallTime now = SystemClock().wall();
  const WallTime end = valid_until();
  if (now < after(end, -kWarnBefore) || (warn_ && now < *warn_)) return;
  const bool expired = now >= end;
  say_(files_.certificate() + (expired ? ": certificate has expired on " : ": expires on ") + to_text(end) +
       (expired ? "; new connections fail until it is replaced" : ""));
  warn_ = expired ? after(now, kExpiredAgain) : std::min(after(now, kWarnAgain), end);
}

std::string CertificateWatch::stamps() const {
  std::string text;
  for (const auto& file : {files_.authority(), files_.certificate(), files_.key()}) {
    struct stat facts {};
    if (::stat(file.c_str(), &facts) != 0) facts = {};
    text += std::to_string(facts.st_ino) + ":" + std::to_string(facts.st_size) + ":" +
            std::to_string(facts.st_mtim.tv_sec) + "." + std::to_string(facts.st_mtim.tv_nsec) + " ";
  }
  return text;
}

}  // namespace ldt::tls
