// Keeps names, holdings and recent operations, with an undo list for the transaction that is open.
// Pure.
#include "participant/book.h"

#include <algorithm>

#include "base/check.h"

namespace ldt::participant {

NameId Book::find_name(std::string_view name) const {
  const auto found = ids_.find(name);
  return found == ids_.end() ? kNoName : found->second;
}

NameId Book::add_name(std::string_view name) {
  names_.emplace_back(name);
  accounts_.emplace_back();
  const auto id = static_cast<NameId>(names_.size());
  const bool added = ids_.emplace(names_.back(), id).second;
  CHECK(added);
  return id;
}

void Book::set_holding(NameId id, const Holding& holding) {
  Account& account = accounts_[id - 1];
  old_holdings_.push_back({id, account.holding});
  account.holding = holding;
  if (account.unsaved) return;
  account.unsaved = true;
  unsaved_.push_back(id);
}

Holding Book::committed_holding(NameId id) const {
  if (id == kNoName || id > committed_names_) return {};
  for (const auto& old : old_holdings_) {  // the first of an id is the oldest
    if (old.id == id) return old.holding;
  }
  return holding(id);
}

std::optional<Operation> Book::recall(const OrderId& order) const {
  const auto found = operations_.find(order);
  if (found != operations_.end()) return found->second;
  if (!floor_ || order > *floor_) return Operation{};
  return std::nullopt;
}

void Book::remember(const OrderId& order, const Operation& operation) {
  const auto [place, added] = operations_.try_emplace(order, operation);
  if (added) arrival_.push_back(order);
  old_operations_.push_back({order, added ? kNone : place->second.state});
  place->second.state = operation.state;
}

void Book::commit() {
  committed_seq_ = last_seq_;
  committed_names_ = names_.size();
  old_holdings_.clear();
  old_operations_.clear();
  while (operations_.size() > capacity_) forget_oldest();
}

void Book::forget_oldest() {
  const OrderId oldest = arrival_.front();
  arrival_.pop_front();
  operations_.erase(oldest);
  floor_ = floor_ ? std::max(*floor_, oldest) : oldest;
}

void Book::rollback() {
  for (auto old = old_operations_.rbegin(); old != old_operations_.rend(); ++old) {
    if (old->state != kNone) {
      operations_.at(old->order).state = old->state;
      continue;
    }
    operations_.erase(old->order);
    arrival_.pop_back();
  }
  // A holding stays marked as unsaved: saving it as it was does no harm.
  for (auto old = old_holdings_.rbegin(); old != old_holdings_.rend(); ++old) {
    accounts_[old->id - 1].holding = old->holding;
  }
  std::erase_if(unsaved_, [this](NameId id) { return id > committed_names_; });
  while (names_.size() > committed_names_) {
    ids_.erase(names_.back());
    names_.pop_back();
    accounts_.pop_back();
  }
  last_seq_ = committed_seq_;
  old_holdings_.clear();
  old_operations_.clear();
}

std::vector<NameId> Book::take_unsaved() {
  std::vector<NameId> taken = unsaved_;
  clear_unsaved();
  return taken;
}

void Book::clear_unsaved() {
  for (const NameId id : unsaved_) accounts_[id - 1].unsaved = false;
  unsaved_.clear();
}

}  // namespace ldt::participant
