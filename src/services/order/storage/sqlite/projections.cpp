#include "services/order/storage/sqlite/projections.h"

#include <algorithm>
#include <utility>

namespace ldt::order {
namespace {

// Rows of a slice: twice as many as the transaction has orders, so that one saving is done before the next begins.
constexpr std::size_t kLeast = 2;
constexpr std::size_t kForEachOrder = 2;

bool later_name(const Projections::User* a, const Projections::User* b) { return a->first > b->first; }

}  // namespace

Result<void> Projections::load(sqlite::Database& database) {
  const std::pair<sqlite::Statement*, std::string_view> statements[] = {
      {&save_user_, "INSERT OR REPLACE INTO last_order VALUES(?1, ?2)"},
      {&save_mark_, "UPDATE mark SET seq = ?2 WHERE name = ?1"},
  };
  for (const auto& [statement, sql] : statements) {
    auto prepared = database.prepare(sql);
    if (!prepared) return tl::unexpected(prepared.error());
    *statement = std::move(*prepared);
  }
  const auto newest = database.query_integer("SELECT coalesce(max(seq), 0) FROM orders");
  if (!newest) return tl::unexpected(newest.error());
  newest_ = *newest;
  const auto mark = database.query_integer("SELECT seq FROM mark WHERE name = 'indexed_through'");
  if (!mark) return tl::unexpected(mark.error());
  saved_through_ = *mark;
  if (auto loaded = load_users(database); !loaded) return loaded;
  return load_unended(database);
}

std::int64_t Projections::last_order(const std::string& user) const {
  const std::lock_guard lock(mutex_);
  const auto known = users_.find(user);
  if (known == users_.end()) return 0;
  for (const auto& [overtaken, before] : overtaken_) {  // the first of a user is the oldest
    if (overtaken == &*known) return before;
  }
  return known->second.seq;
}

Projections::User& Projections::user(const std::string& name) {
  if (const auto known = users_.find(name); known != users_.end()) return *known;
  const std::lock_guard lock(mutex_);
  return *users_.try_emplace(name).first;
}

Result<void> Projections::load_users(sqlite::Database& database) {
  auto rows = database.prepare(
      "SELECT user, seq, 1 FROM last_order UNION ALL SELECT user, max(seq), 0 FROM orders WHERE seq > (SELECT seq FROM "
      "mark WHERE name = 'indexed_through') GROUP BY user");
  if (!rows) return tl::unexpected(rows.error());
  while (true) {
    const auto found = rows->step();
    if (!found) return tl::unexpected(found.error());
    if (!*found) return {};
    auto& last = user(std::string(rows->text(0)));
    last.second = {rows->integer(1), rows->integer(2) == 1};  // those behind the mark come last, and count
    if (!last.second.saved) unsaved_.push_back(&last);
  }
}

Result<void> Projections::load_unended(sqlite::Database& database) {
  auto rows = database.prepare(
      "SELECT o.seq FROM orders o WHERE o.seq > (SELECT seq FROM mark WHERE name = 'finished_through') AND NOT EXISTS "
      "(SELECT 1 FROM order_end e WHERE e.seq = o.seq) ORDER BY o.seq");
  if (!rows) return tl::unexpected(rows.error());
  while (true) {
    const auto found = rows->step();
    if (!found) return tl::unexpected(found.error());
    if (!*found) return {};
    unended_.insert(unended_.end(), rows->integer(0));
  }
}

void Projections::inserted(User& user, std::int64_t seq) {
  const std::lock_guard lock(mutex_);
  overtaken_.emplace_back(&user, std::exchange(user.second.seq, seq));
  inserted_.push_back(seq);
}

void Projections::begin_saving() {
  saving_ = std::exchange(unsaved_, {});
  for (User* user : saving_) user->second.saved = true;  // one who orders again is for the next saving, too
  std::make_heap(saving_.begin(), saving_.end(), later_name);
  saving_through_ = newest_;
}

Result<void> Projections::save_slice() {
  if (saving_.empty() && newest_ - saved_through_ >= save_every_) begin_saving();
  if (saving_.empty()) return {};
  const std::size_t rows = std::min(saving_.size(), kLeast + kForEachOrder * inserted_.size());
  while (slice_ < rows) {
    std::pop_heap(saving_.begin(), saving_.end() - static_cast<std::ptrdiff_t>(slice_), later_name);
    ++slice_;
    const User& user = *saving_[saving_.size() - slice_];
    save_user_.reset();
    if (auto saved = save_user_.bind(1, user.first).bind(2, user.second.seq).run(); !saved) return saved;
  }
  if (slice_ < saving_.size()) return {};
  const std::int64_t all_ended_through = unended_.empty() ? newest_ : *unended_.begin() - 1;
  const std::pair<std::string_view, std::int64_t> marks[] = {{"indexed_through", saving_through_},
                                                             {"finished_through", all_ended_through}};
  for (const auto& [name, seq] : marks) {
    save_mark_.reset();
    if (auto saved = save_mark_.bind(1, name).bind(2, seq).run(); !saved) return saved;
  }
  return {};
}

void Projections::committed() {
  for (const auto& [user, before] : overtaken_) {
    if (std::exchange(user->second.saved, false)) unsaved_.push_back(user);
  }
  for (const std::int64_t seq : inserted_) unended_.insert(unended_.end(), newest_ = seq);
  for (const std::int64_t seq : ended_) unended_.erase(seq);
  forget_overtaken();
  inserted_.clear();
  ended_.clear();
  saving_.resize(saving_.size() - std::exchange(slice_, 0));
  if (saving_.empty()) saved_through_ = std::max(saved_through_, saving_through_);
}

void Projections::forget_overtaken() {
  const std::lock_guard lock(mutex_);
  overtaken_.clear();
}

void Projections::rolled_back() {
  restore_overtaken();
  inserted_.clear();
  ended_.clear();
  for (; slice_ > 0; --slice_) {
    std::push_heap(saving_.begin(), saving_.end() - static_cast<std::ptrdiff_t>(slice_) + 1, later_name);
  }
}

void Projections::restore_overtaken() {
  const std::lock_guard lock(mutex_);
  for (auto change = overtaken_.rbegin(); change != overtaken_.rend(); ++change) {
    change->first->second.seq = change->second;
  }
  overtaken_.clear();
}

}  // namespace ldt::order
