// Where a participant keeps everything: SQLite or PostgreSQL.
// Depends on the folder's other interfaces.
// Invariant: whoever uses it cannot tell which it is, but by its speed.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "participant/rules.h"
#include "participant/storage/audit.h"
#include "participant/storage/committer.h"
#include "participant/storage/reads.h"

namespace ldt::participant {

struct PriceNow {
  std::string holder;
  std::int64_t price = 0;
  std::int64_t seq = 0;  // of a later change it is greater; 0: not known, but no change is earlier
};

/// Tells what other processes do to the prices.
class PriceSource {
 public:
  virtual ~PriceSource() = default;
  /// Waits until prices may have changed, or until the time is over. All prices; empty: surely none has changed.
  [[nodiscard]] virtual Result<std::vector<PriceNow>> wait(std::chrono::milliseconds time) = 0;
};

/// What this process has written, all connections together.
struct Written {
  std::int64_t fsyncs = 0;  // 0: somebody else's, not known here
  std::int64_t bytes = 0;
};

class Storage {
 public:
  virtual ~Storage() = default;

  /// The one that decides; called once.
  [[nodiscard]] virtual std::unique_ptr<Committer> make_committer(const Rules& rules, const Clock& clock,
                                                                  OnCommit on_commit) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<Reads>> open_reads() = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<Audit>> open_audit(const Terms& terms) = 0;
  /// Of all holders that exist, before the committer begins.
  [[nodiscard]] virtual Result<std::vector<PriceNow>> prices() = 0;
  /// nullptr: nobody else changes them.
  [[nodiscard]] virtual std::unique_ptr<PriceSource> watch_prices() = 0;
  [[nodiscard]] virtual Written written() const = 0;
};

}  // namespace ldt::participant
