// What any replica does to the prices: notified by PostgreSQL, and looked at now and then all the same.
// Depends on platform/postgres.
// Invariant: a change is told within kPoll of its COMMIT, even if its notification was lost with a connection.
#pragma once

#include <chrono>
#include <vector>

#include "participant/storage/storage.h"
#include "platform/postgres/link.h"

namespace ldt::participant {

/// All prices at this moment.
[[nodiscard]] postgres::Result<std::vector<PriceNow>> read_prices(postgres::Connection& connection);

class PostgresPrices final : public PriceSource {
 public:
  static constexpr std::chrono::seconds kPoll{3};

  explicit PostgresPrices(postgres::ConnectionOptions options);
  [[nodiscard]] Result<std::vector<PriceNow>> wait(std::chrono::milliseconds time) override;

 private:
  [[nodiscard]] postgres::Result<std::vector<PriceNow>> wait_on(postgres::Connection& connection,
                                                                std::chrono::milliseconds time);

  bool stale_ = true;
  std::chrono::steady_clock::time_point last_read_{};
  postgres::Link link_;
};

}  // namespace ldt::participant
