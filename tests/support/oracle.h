// Foretells the documented end of an order from what it asks for and what it finds: the failure instructions, the
// handling, the user's credits, the stock and the price, and whether several engines share the store. Written from the
// documents, not from the product's code.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "support/marketplace.h"
#include "support/order_request.h"

namespace ldt::testing {

/// What an order finds when it is placed alone.
struct Situation {
  std::int64_t credits = 500;
  std::int64_t stock = 0;
  std::int64_t price = 0;
  /// Over a store that several replicas share, whoever reverts an order undoes all three steps: another replica may
  /// have sent what this one did not.
  bool several_engines = stores_in_postgres();
};

struct End {
  int status = 201;    // of the answer to POST with a long wait; 0: the connection was lost
  bool exists = true;  // whether there is an order afterwards
  std::string state = "COMPLETED";
  std::string outcome = "SUCCESS";  // empty: none (yet)
  std::string failed_step;          // empty: none
  friend bool operator==(const End&, const End&) = default;
};
std::ostream& operator<<(std::ostream& out, const End& end);

[[nodiscard]] End documented_end(const OrderRequest& request, const Situation& situation);

/// What is done to an order each time that it is HELD.
enum class Steer { kRetry, kCancel };

/// The end, and how it comes to it where nothing else goes wrong.
struct Foretold {
  End end;                              // its status is that of the answer to POST, also where the order was held first
  std::vector<int> struck;              // how often each failure instruction strikes
  std::map<std::string, int> attempts;  // at each participant's step that is called
  bool order_dies = false;              // an instruction ends the order service, so it recovers the order
};

/// @param steering  one for each time that it is held, in this order; it stays HELD when they are used up
[[nodiscard]] Foretold foretell(const OrderRequest& request, const Situation& situation,
                                std::vector<Steer> steering = {});

}  // namespace ldt::testing
