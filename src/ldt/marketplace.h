// The marketplace as its supervisor sees it from outside: whether it is ready, and its first stock.
// Depends on the public API. Invariant: a data folder that was made empty is seeded exactly once.
#pragma once

#include <string>

#include "ldt/api_client.h"
#include "ldt/data_folder.h"

namespace ldt {

class Marketplace {
 public:
  Marketplace(const DataFolder& data, const Address& http);

  /// Asks whether all parts are ready and seeds a new data folder. True once nothing is left to do; else ask again.
  bool become_ready();
  /// What the last `become_ready` lacked, for people.
  [[nodiscard]] const std::string& waits_for() const { return waits_for_; }

 private:
  bool is_ready();
  bool seed();
  bool accepted(const Result<Answer>& answer);

  const DataFolder& data_;
  ApiClient api_;
  std::string waits_for_ = "the order service";
};

}  // namespace ldt
