// Saves holdings in slices.
// Depends on store.h.
#include "participant/storage/sqlite/projection_saver.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace ldt::participant {

namespace {
// Twice as many as the transaction has commands, so that one saving is done before the next begins.
constexpr std::size_t kLeast = 2;
constexpr std::size_t kForEachCommand = 2;
}  // namespace

void ProjectionSaver::begin_if_due() {
  if (saving_through_ || book_.last_seq() - saved_through_ < rows_per_save_) return;
  saving_ = book_.take_unsaved();
  std::sort(saving_.begin(), saving_.end(), std::greater<>());
  saving_through_ = book_.last_seq();
}

Result<void> ProjectionSaver::save_slice(std::size_t commands) {
  if (!saving_through_) return {};
  const std::size_t rows = std::min(saving_.size(), kLeast + kForEachCommand * commands);
  for (; slice_ < rows; ++slice_) {
    const NameId id = saving_[saving_.size() - 1 - slice_];
    if (auto saved = store_.save_holding(id, book_.holding(id)); !saved) return saved;
  }
  return slice_ == saving_.size() ? store_.save_projected(*saving_through_) : Result<void>{};
}

void ProjectionSaver::committed() {
  if (!saving_through_) return;
  saving_.resize(saving_.size() - std::exchange(slice_, 0));
  if (!saving_.empty()) return;
  saved_through_ = *saving_through_;
  saving_through_.reset();
}

Result<void> ProjectionSaver::save_all() {
  for (const auto& ids : {saving_, book_.unsaved()}) {
    for (const NameId id : ids) {
      if (auto saved = store_.save_holding(id, book_.holding(id)); !saved) return saved;
    }
  }
  return store_.save_projected(book_.last_seq());
}

}  // namespace ldt::participant
