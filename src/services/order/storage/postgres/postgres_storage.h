// The orders in PostgreSQL, which several replicas of the service share.
// Depends on platform/postgres. Invariant: nothing is read or written before the schema is of this program's version
// and the server promises to keep what it has committed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "platform/postgres/connection.h"
#include "services/order/storage/storage.h"

namespace ldt::order {

class PostgresStorage final : public Storage {
 public:
  struct Options {
    std::string url;
    std::string replica;                // empty: a name of its own
    std::vector<std::string> weakened;  // see postgres::check_durability
  };

  /// Waits for the server as long as it takes. kConflict: the schema is of another version, or the server may lose
  /// what it has committed.
  [[nodiscard]] static Result<std::unique_ptr<PostgresStorage>> connect(Options options);
  /// Brings the schema up to date; safe at any time and at the same time as others. Waits for the server.
  [[nodiscard]] static Result<void> migrate(const std::string& url);

  [[nodiscard]] bool shared() const override { return true; }
  Result<std::unique_ptr<Store>> open_store() override;
  Result<std::unique_ptr<OrderArchive>> open_archive() override;

  [[nodiscard]] const std::string& replica() const { return options_.replica; }

 private:
  explicit PostgresStorage(Options options) : options_(std::move(options)) {}
  const Options options_;
};

}  // namespace ldt::order
