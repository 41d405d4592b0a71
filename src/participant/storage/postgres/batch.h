// One try at a batch of jobs over PostgreSQL: loads and locks what they touch, has them decided, writes what changed.
// Depends on platform/postgres. The same decision code as everywhere: Participant over a Book that lives for the batch.
// Invariant: all holders that the jobs touch are locked, in the order of their names' bytes, before anything is read
// that depends on them; so batches of any replicas take turns, and none waits for another in a circle.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "participant/book.h"
#include "participant/journal.h"
#include "participant/storage/job.h"
#include "platform/postgres/connection.h"

namespace ldt::participant {

/// The rows of a batch, as they are going to be written.
class BatchJournal final : public Journal {
 public:
  explicit BatchJournal(const Book& book) : book_(book) {}

  /// Where the batch's rows are numbered from, and the keys that are known.
  void begin(std::int64_t first_seq) { first_seq_ = first_seq; }
  void know_key(std::string_view key, std::string_view request) { keys_.emplace(key, request); }
  void know_holder(std::int64_t id) { holder_ids_.push_back(id); }
  [[nodiscard]] std::int64_t holder_id(NameId id) const { return holder_ids_[id - 1]; }

  /// The book knows of all orders of the batch; so there are none here.
  [[nodiscard]] Result<std::optional<Operation>> find(const OrderId&) override { return std::nullopt; }
  [[nodiscard]] Result<void> append(const JournalRow& row) override;
  /// Holders have been added before; items are kept by name.
  [[nodiscard]] Result<void> add_name(NameId, std::string_view) override { return {}; }
  [[nodiscard]] Result<std::optional<std::string>> find_key(std::string_view key) override;
  [[nodiscard]] Result<void> add_key(std::string_view key, std::string_view request, std::int64_t seq) override;

  void queue_writes(postgres::Connection& connection, WallTime at, bool has_item) const;

 private:
  const Book& book_;
  std::int64_t first_seq_ = 0;
  std::vector<std::int64_t> holder_ids_;  // NameId - 1

  postgres::Array events_ = postgres::integers();
  postgres::Array orders_ = postgres::uuids();
  postgres::Array holders_ = postgres::integers();
  postgres::Array items_ = postgres::texts();
  postgres::Array amounts_ = postgres::integers();
  postgres::Array deltas_ = postgres::integers();
  postgres::Array previous_ = postgres::integers();
  postgres::Array price_holders_ = postgres::integers();
  postgres::Array price_seqs_ = postgres::integers();

  std::map<std::string, std::string, std::less<>> keys_;
  postgres::Array new_keys_ = postgres::byte_strings();
  postgres::Array new_requests_ = postgres::texts();
  postgres::Array new_key_seqs_ = postgres::integers();
};

class Batch {
 public:
  /// The jobs live longer.
  Batch(const Rules& rules, std::span<Job* const> jobs);

  /// Opens the transaction. One round trip; two where a holder has not been seen before.
  [[nodiscard]] postgres::Result<void> load(postgres::Connection& connection);
  [[nodiscard]] Result<void> decide(WallTime now);
  /// Puts the writes into the connection's queue; COMMIT comes behind them.
  void queue_writes(postgres::Connection& connection) const;
  [[nodiscard]] std::size_t commands() const { return commands_; }

 private:
  [[nodiscard]] postgres::Result<bool> try_load(postgres::Connection& connection);
  void queue_loads(postgres::Connection& connection) const;
  void queue_new_holders(postgres::Connection& connection, const postgres::Rows& known) const;
  void take_holders(const postgres::Rows& rows);
  void take_operations(const postgres::Rows& rows);
  [[nodiscard]] NameId name_of(std::string_view item);

  const Rules& rules_;
  const std::span<Job* const> jobs_;
  Touched touched_;
  std::size_t commands_ = 0;
  Book book_;
  BatchJournal journal_{book_};
  std::vector<Holding> loaded_;                           // NameId - 1
  std::unordered_map<std::int64_t, NameId> names_by_id_;  // of holders
  WallTime at_;
};

}  // namespace ldt::participant
