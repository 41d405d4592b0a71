// A marketplace of the benchmark's own: in a folder of its own on a real disk, on a free port, and gone afterwards.
// Depends on `ldt up`, as a child process. Invariant: when this object is gone, so are its processes and its folder.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "ldt/client/address.h"
#include "platform/process/signals.h"

namespace ldt::bench {

class OwnMarketplace {
 public:
  /// Returns once it is ready.
  /// @param parent  where its folder is made; empty: TMPDIR, /var/tmp or here, whichever is first and no memory disk
  /// @param more  words for `ldt up`
  /// @param stop  a signal there ends the wait
  [[nodiscard]] static Result<std::unique_ptr<OwnMarketplace>> start(const std::string& parent,
                                                                     const std::vector<std::string>& more,
                                                                     process::Signals& stop);
  ~OwnMarketplace();
  OwnMarketplace(const OwnMarketplace&) = delete;
  OwnMarketplace& operator=(const OwnMarketplace&) = delete;

  /// kill -9 of every process of it, the supervisor first, so that it restarts none.
  void kill_all();
  /// Starts it again in its folder; returns once it is ready.
  [[nodiscard]] Result<void> start_again(process::Signals& stop);

  [[nodiscard]] const Address& address() const { return address_; }
  [[nodiscard]] std::string data_folder() const { return folder_ + "/data"; }

 private:
  explicit OwnMarketplace(std::string folder) : folder_(std::move(folder)) {}
  [[nodiscard]] Result<void> run_up(const std::vector<std::string>& more);
  [[nodiscard]] Result<void> wait_until_ready(process::Signals& stop);
  void stop_up();
  void wait_until_services_are_gone() const;

  const std::string folder_;
  pid_t up_ = -1;
  Address address_;
};

/// Whether a signal has come; it stays there.
[[nodiscard]] bool has_signal(const process::Signals& signals);

}  // namespace ldt::bench
