// The marketplace as its supervisor sees it from outside: whether it is ready, and its first stock.
// Depends on the public API. Invariant: a data folder that was made empty is seeded exactly once.
#pragma once

#include <functional>
#include <string>

#include "ldt/client/api_client.h"
#include "ldt/processes/data_folder.h"

namespace ldt {

class Marketplace {
 public:
  Marketplace(const DataFolder& data, const Address& http);

  /// Something more to wait for: says what is lacking, nothing if all is there.
  void set_condition(std::function<std::string()> lacks) { lacks_ = std::move(lacks); }
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
  std::function<std::string()> lacks_;
  std::string waits_for_ = "the order service";
};

}  // namespace ldt
