// Reads over PostgreSQL, of the primary.
// Depends on platform/postgres.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "participant/storage/reads.h"
#include "platform/postgres/link.h"

namespace ldt::participant {

class PostgresReads final : public Reads {
 public:
  explicit PostgresReads(postgres::ConnectionOptions options) : link_(std::move(options)) {}

  [[nodiscard]] Result<HolderPage> page(const std::string& name, EntryFilter filter, std::int64_t before,
                                        std::uint32_t limit) override;
  [[nodiscard]] Result<std::optional<HolderNow>> holder(const std::string& name) override;
  [[nodiscard]] Result<std::vector<HolderNow>> holders(const std::string& after, std::uint32_t limit) override;

 private:
  struct Question {
    std::string_view sql;
    postgres::Parameters parameters;
  };
  /// Answers to all questions, of one moment, in one round trip. Asks once more where the connection proves to be lost.
  [[nodiscard]] Result<std::vector<postgres::Rows>> ask(const std::vector<Question>& questions);
  [[nodiscard]] postgres::Result<std::vector<postgres::Rows>> ask_once(const std::vector<Question>& questions);

  postgres::Link link_;
};

}  // namespace ldt::participant
