// Tells watchers the prices.
// Depends on grpc++.
#include "services/inventory/price_feed.h"

#include <algorithm>
#include <utility>

namespace ldt::inventory {

namespace {
using Prices = std::map<std::string, std::int64_t>;
}

/// One call: the snapshot, its end, then changes until the call is cancelled.
/// Holds at most one pending price of each SKU, so that its memory is bounded.
class PriceFeed::Watcher final : public grpc::ServerWriteReactor<v1::Price> {
 public:
  Watcher(PriceFeed& feed, Prices snapshot) : feed_(feed), snapshot_(std::move(snapshot)) { go_on(); }

  void add(const std::string& sku, std::int64_t unit_price) {
    const std::lock_guard lock(mutex_);
    changes_[sku] = unit_price;
    go_on();
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    cancelled_ = cancelled_ || !ok;
    go_on();
  }

  void OnCancel() override {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    go_on();
  }

  void OnDone() override { feed_.remove(this); }

 private:
  /// Writes what comes next, unless a write is under way.
  void go_on() {
    if (writing_ || finished_) return;
    if (cancelled_) {
      finished_ = true;
      return Finish(grpc::Status::CANCELLED);
    }
    message_.Clear();
    if (!snapshot_.empty()) {
      take_first(snapshot_);
    } else if (!snapshot_ended_) {
      snapshot_ended_ = true;
      message_.set_snapshot_end(true);
    } else if (!changes_.empty()) {
      take_first(changes_);
    } else {
      return;
    }
    writing_ = true;
    StartWrite(&message_);
  }

  void take_first(Prices& prices) {
    message_.set_sku(prices.begin()->first);
    message_.set_unit_price(prices.begin()->second);
    prices.erase(prices.begin());
  }

  PriceFeed& feed_;
  std::mutex mutex_;
  Prices snapshot_;
  Prices changes_;
  bool snapshot_ended_ = false;
  bool writing_ = false;
  bool cancelled_ = false;
  bool finished_ = false;
  v1::Price message_;
};

PriceFeed::PriceFeed() = default;
PriceFeed::~PriceFeed() = default;

void PriceFeed::publish(const std::vector<participant::PriceNow>& prices) {
  for (const auto& price : prices) publish(price);
}

/// The lock is held until all are told, so that each watcher is told changes in their order. Watchers are shared, so
/// that one that ends meanwhile lives on until it is told.
void PriceFeed::publish(const participant::PriceNow& price) {
  const std::lock_guard order(publishing_);
  std::vector<std::shared_ptr<Watcher>> watchers;
  {
    const std::lock_guard lock(mutex_);
    const auto [known, added] = prices_.try_emplace(price.holder, Known{price.price, price.seq});
    if (!added) {
      const bool is_news = price.seq > known->second.seq && price.price != known->second.unit_price;
      known->second.seq = std::max(known->second.seq, price.seq);
      if (!is_news) return;
      known->second.unit_price = price.price;
    }
    watchers = watchers_;
  }
  for (const auto& watcher : watchers) watcher->add(price.holder, price.price);
}

grpc::ServerWriteReactor<v1::Price>* PriceFeed::watch() {
  const std::lock_guard lock(mutex_);
  Prices snapshot;
  for (const auto& [sku, known] : prices_) snapshot.emplace(sku, known.unit_price);
  watchers_.push_back(std::make_shared<Watcher>(*this, std::move(snapshot)));
  return watchers_.back().get();
}

void PriceFeed::remove(const Watcher* watcher) {
  std::shared_ptr<Watcher> last;  // destroyed after the lock is released
  const std::lock_guard lock(mutex_);
  for (auto place = watchers_.begin(); place != watchers_.end(); ++place) {
    if (place->get() != watcher) continue;
    last = std::move(*place);
    watchers_.erase(place);
    return;
  }
}

}  // namespace ldt::inventory
