// Reads and operator calls that the order service passes on to payment, inventory and delivery.
// Hides the generated stubs. Invariant: every call is answered within kDeadline, a dead participant's included.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "base/amounts.h"
#include "base/clock.h"
#include "base/names.h"
#include "base/order_id.h"
#include "saga/vocabulary.h"

namespace grpc {
class Channel;
}

namespace ldt::order {

struct PeerFailure {
  enum class Kind {
    kNotFound,
    kInvalid,
    kKeyReused,    // this idempotency key came with another request before
    kLimit,        // the account or the stock would exceed what it can hold
    kOverloaded,   // nothing done
    kUnavailable,  // cannot be reached, or did not answer in time: a change may have happened
    kInternal,
  };
  saga::Participant peer = saga::Participant::kPayment;
  Kind kind = Kind::kInternal;
  std::string detail;
};

template <class T>
using PeerResult = tl::expected<T, PeerFailure>;
/// Runs once, on a thread of gRPC's.
template <class T>
using PeerCallback = std::function<void(PeerResult<T>)>;

enum class EntryKind : std::uint8_t { kGrant, kCharge, kRefund };

struct LedgerEntry {
  EntryKind kind = EntryKind::kGrant;
  std::int64_t amount = 0;       // signed: a charge is negative
  std::optional<OrderId> order;  // nothing for a grant
  WallTime at;
};

struct Account {
  std::string user;
  Credits credits;
  std::vector<LedgerEntry> entries;   // newest first
  std::uint64_t next_before_seq = 0;  // 0: no more
};

struct Grant {
  std::string user;
  Credits credits;  // after it
  bool replayed = false;
};

/// The tokens that one order delivered.
struct HeldDelivery {
  std::uint64_t seq = 0;
  std::string sku;
  std::int64_t quantity = 0;
  OrderId order;
  WallTime at;
};

struct Wallet {
  std::string user;
  std::int64_t tokens = 0;               // all that the user holds
  std::vector<HeldDelivery> deliveries;  // newest first
  std::uint64_t next_before_seq = 0;     // 0: no more
};

struct SkuRow {
  std::string sku;
  Credits unit_price;
  std::int64_t stock = 0;
  std::int64_t allocated = 0;  // reserved and sold together
};

struct SkuPage {
  std::vector<SkuRow> skus;
  std::string next_after;  // empty: no more
};

struct SkuChange {
  SkuRow row;
  bool created = false;
  bool replayed = false;
};

/// What a service's process has done and spent since it began.
struct ServiceStatistics {
  std::int64_t uptime_us = 0;
  std::int64_t cpu_us = 0;
  std::int64_t resident_bytes = 0;
  std::int64_t commits = 0;
  std::int64_t operations = 0;            // in all commits
  std::int64_t fsyncs = 0;                // of the database
  std::int64_t bytes_written = 0;         // to the database
  std::vector<std::int64_t> batch_sizes;  // element i: commits of at most 2^i and more than 2^(i-1) operations
};

/// Thread-safe.
class Participants {
 public:
  static constexpr std::chrono::milliseconds kDeadline{2'000};
  /// A participant that has just been started again is waited for; a dead one is named after this time.
  static constexpr std::chrono::milliseconds kReconnect{500};

  Participants(const std::shared_ptr<grpc::Channel>& payment, const std::shared_ptr<grpc::Channel>& inventory,
               const std::shared_ptr<grpc::Channel>& delivery);
  ~Participants();
  Participants(const Participants&) = delete;
  Participants& operator=(const Participants&) = delete;

  void account(const UserName& user, std::uint32_t limit, std::uint64_t before_seq, PeerCallback<Account> done);
  /// Idempotent on `key`, where one is given.
  void grant(const UserName& user, Credits amount, const std::string& key, PeerCallback<Grant> done);
  void wallet(const UserName& user, std::uint32_t limit, std::uint64_t before_seq, PeerCallback<Wallet> done);
  void sku(const Sku& sku, PeerCallback<SkuRow> done);
  void skus(std::uint32_t limit, const std::string& after, PeerCallback<SkuPage> done);
  void put_sku(const Sku& sku, Credits unit_price, PeerCallback<SkuChange> done);
  /// Idempotent on `key`, where one is given.
  void restock(const Sku& sku, Quantity quantity, const std::string& key, PeerCallback<SkuChange> done);
  void statistics(saga::Participant peer, PeerCallback<ServiceStatistics> done);

  /// Refuses further calls and returns once every callback has run.
  void stop();

 private:
  struct Stubs;
  class Calls;
  std::unique_ptr<Stubs> stubs_;
  std::shared_ptr<Calls> calls_;
};

}  // namespace ldt::order
