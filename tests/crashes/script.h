// The fixed script: twenty orders, placed one after the other, of every kind that ends differently.
// Depends on the oracle. Invariant: the same prefix gives the same script; every prefix has users and SKUs of its own.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "support/oracle.h"
#include "support/order_request.h"

namespace ldt::crashes {

enum class Steer { kNothing, kCancel, kRetry };

struct ScriptedOrder {
  std::string what;
  testing::OrderRequest request;
  Steer steer = Steer::kNothing;  // once it is held
  testing::End end;               // the documented one, after steering
};

struct Shelf {
  std::string sku;
  std::int64_t price = 0;
  std::int64_t stock = 0;
};

struct Script {
  std::vector<Shelf> shelves;
  std::map<std::string, std::int64_t> grants;  // by user, every user; 0: none
  std::vector<ScriptedOrder> orders;
};

inline constexpr std::size_t kOrders = 20;

/// @param prefix  of lower-case letters and digits
[[nodiscard]] Script make_script(const std::string& prefix);

}  // namespace ldt::crashes
