// A participant's schema in PostgreSQL, and who uses it.
// Depends on the folder's other headers.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "participant/storage/storage.h"
#include "platform/postgres/connection.h"

namespace ldt::participant {

class PostgresStorage final : public Storage {
 public:
  /// The schema is of this program's version.
  /// @param allowed  see postgres::check_durability()
  PostgresStorage(postgres::ConnectionOptions options, std::vector<std::string> allowed)
      : options_(std::move(options)), allowed_(std::move(allowed)) {}

  [[nodiscard]] std::unique_ptr<Committer> make_committer(const Rules& rules, const Clock& clock,
                                                          OnCommit on_commit) override;
  [[nodiscard]] Result<std::unique_ptr<Reads>> open_reads() override;
  [[nodiscard]] Result<std::unique_ptr<Audit>> open_audit(const Terms& terms) override;
  [[nodiscard]] Result<std::vector<PriceNow>> prices() override;
  [[nodiscard]] std::unique_ptr<PriceSource> watch_prices() override;
  [[nodiscard]] Written written() const override;

 private:
  [[nodiscard]] postgres::ConnectionOptions for_reading() const;

  const postgres::ConnectionOptions options_;
  const std::vector<std::string> allowed_;
};

}  // namespace ldt::participant
