// Tells people what becomes of a service's certificate while it runs: replaced, unusable, about to expire, expired.
// Depends on certificate_files.h; has a thread, which looks at the files' stamps once a second.
// Invariant: decides nothing: who uses the files reads them for itself.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "platform/tls/certificate_files.h"

namespace ldt::tls {

class CertificateWatch {
 public:
  /// @param say  takes one line; called from the watch's thread
  CertificateWatch(CertificateFiles files, std::string name, std::function<void(const std::string&)> say);
  ~CertificateWatch();
  CertificateWatch(const CertificateWatch&) = delete;
  CertificateWatch& operator=(const CertificateWatch&) = delete;

  /// Of the last files that were usable. Any thread.
  [[nodiscard]] WallTime valid_until() const { return {valid_until_us_.load()}; }

 private:
  void run();
  void look();
  void look_at_change();
  void warn_of_the_end();
  /// Of all three files: which they are and when they were written.
  [[nodiscard]] std::string stamps() const;

  const CertificateFiles files_;
  const std::string name_;
  const std::function<void(const std::string&)> say_;
  std::string seen_;       // the stamps of what was examined last
  std::string complaint_;  // about it, once; said only if it is still so a second later
  std::atomic<std::int64_t> valid_until_us_ = 0;
  std::optional<WallTime> warn_;  // of the end, next
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ldt::tls
