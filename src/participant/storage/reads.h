// What people and other services ask a participant for, beside the commands: a holder with its entries, and lists.
// Depends on base only. Each implementation is one connection to its storage: one thread at a time.
// Invariant: a read sees only what is durable, and all that was durable when it began.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "participant/journal.h"

namespace ldt::participant {

/// An account, a SKU, a wallet, at the moment of the read.
struct HolderNow {
  std::string name;
  std::int64_t balance = 0;
  std::int64_t granted = 0;
  std::int64_t price = 0;
};

struct EntryNow {
  std::int64_t seq = 0;
  RowKind kind = RowKind::kGrant;
  std::int64_t delta = 0;
  std::int64_t amount = 0;
  std::string order;  // 16 bytes; empty: of no order
  std::string item;
  WallTime at;
};

enum class EntryFilter {
  kAll,
  kHeld,  // dos that have not been undone
};

struct HolderPage {
  std::optional<HolderNow> holder;  // nothing: there is no such holder. Of its numbers, only the balance is told.
  std::vector<EntryNow> entries;    // newest first
  bool more = false;
};

class Reads {
 public:
  virtual ~Reads() = default;

  /// One holder and a page of its entries, of one moment.
  /// @param before  only entries with a smaller seq
  [[nodiscard]] virtual Result<HolderPage> page(const std::string& name, EntryFilter filter, std::int64_t before,
                                                std::uint32_t limit) = 0;
  [[nodiscard]] virtual Result<std::optional<HolderNow>> holder(const std::string& name) = 0;
  /// Those that come after a name, in the order of their names' bytes.
  [[nodiscard]] virtual Result<std::vector<HolderNow>> holders(const std::string& after, std::uint32_t limit) = 0;
};

}  // namespace ldt::participant
