// Places one order of the plan and compares all that can be seen of it with what is foretold: the answer, the end, how
// often each instruction struck, the attempts, the user's money and tokens, and the stock.
// Invariant: a lane tries one order at a time, so its SKU's stock is due to that order; it takes another SKU where an
// order was given up, which may still go on.
#pragma once

#include <memory>
#include <string>

#include "failures/plan.h"
#include "support/client.h"
#include "support/marketplace.h"

namespace ldt::testing {

/// A client with a SKU of its own.
struct Lane {
  Client client;
  std::string name;
  std::string sku;
  Stock stock;
  int given_up = 0;  // orders, each with its SKU
};

[[nodiscard]] std::unique_ptr<Lane> make_lane(const Marketplace& market, const std::string& name);

struct Verdict {
  bool tried = false;
  bool rerun = false;        // something else was seen at first
  std::string why;           // what differs, in words; empty: nothing
  bool inexcusable = false;  // money, stock or tokens are wrong, or a key made two orders: no load explains that
  End seen;
  bool was_held = false;
  Json body;  // what was placed

  [[nodiscard]] bool ok() const { return tried && why.empty(); }
};

/// @param user        not used before
/// @param in_company  others may end the order service meanwhile: what that changes of an order is forgiven
[[nodiscard]] Verdict try_out(const Trial& trial, Lane& lane, const std::string& user, bool in_company);

}  // namespace ldt::testing
