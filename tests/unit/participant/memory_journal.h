// A journal in memory, with transactions, for tests of the participant: what was committed survives, the rest does not.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "participant/journal.h"

namespace ldt::participant {

class MemoryJournal final : public Journal {
 public:
  struct Contents {
    std::vector<JournalRow> rows;
    std::vector<std::string> names;
    std::map<std::string, std::string, std::less<>> keys;
  };

  void commit() { durable_ = open_; }
  void rollback() { open_ = durable_; }
  [[nodiscard]] const Contents& contents() const { return open_; }

  Result<std::optional<Operation>> find(const OrderId& order) override {
    ++finds;
    std::optional<Operation> found;
    for (const auto& row : open_.rows) {
      if (row.order == order) found = Operation{row.state, row.payload};
    }
    return found;
  }
  Result<void> append(const JournalRow& row) override {
    if (fails) return failure(ErrorKind::kInternal, "disk full");
    open_.rows.push_back(row);
    return {};
  }
  Result<void> add_name(NameId, std::string_view name) override {
    open_.names.emplace_back(name);
    return {};
  }
  Result<std::optional<std::string>> find_key(std::string_view key) override {
    const auto found = open_.keys.find(key);
    return found == open_.keys.end() ? std::nullopt : std::optional(found->second);
  }
  Result<void> add_key(std::string_view key, std::string_view request, std::int64_t) override {
    open_.keys.emplace(key, request);
    return {};
  }

  int finds = 0;       // how often the storage was asked for an order
  bool fails = false;  // appending fails from now on

 private:
  Contents open_;
  Contents durable_;
};

/// The n-th order id: later numbers sort later, as ids of later orders do.
inline OrderId order_number(std::uint64_t number) {
  OrderIdGenerator ids;
  return ids.next(WallTime{1'700'000'000'000'000 + static_cast<std::int64_t>(number) * 1000}, number);
}

}  // namespace ldt::participant
