// What the routes need, and what they share.
// Depends on no library. Invariant: what a late callback touches lives as long as the callback does.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "platform/http/router.h"
#include "saga/failure.h"
#include "services/order/audit.h"
#include "services/order/http/participants.h"
#include "services/order/orders.h"

namespace ldt::order {

/// Which parts of the marketplace are ready, by name: {"order", true}, ... Called on the HTTP thread; must not block.
using Readiness = std::function<std::vector<std::pair<std::string, bool>>()>;

struct HttpApiOptions {
  std::string operator_token;  // empty: every operator call is refused
  bool allow_failures = false;
  saga::Handling default_handling;  // of orders that do not say
};

struct ApiContext {
  Orders& orders;
  Auditor& auditor;
  Participants participants;
  Readiness readiness;
  HttpApiOptions options;
};

using SharedContext = std::shared_ptr<ApiContext>;

/// Orders: place, show, list, cancel, retry.
void add_order_routes(http::Router& router, const SharedContext& context);
/// Accounts and wallets, with their operator calls.
void add_account_routes(http::Router& router, const SharedContext& context);
/// The inventory, with its operator calls.
void add_inventory_routes(http::Router& router, const SharedContext& context);
/// Sagas and the audit: operator calls.
void add_operator_routes(http::Router& router, const SharedContext& context);
/// Health, the API's description, the pages of the problems and the first page.
void add_page_routes(http::Router& router, const SharedContext& context);

/// The action, for operators only.
[[nodiscard]] http::Router::Action for_operators(const SharedContext& context, http::Router::Action action);

}  // namespace ldt::order
