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
#include "services/order/events/activity.h"
#include "services/order/events/event_hub.h"
#include "services/order/http/participants.h"
#include "services/order/http/telemetry_reader.h"
#include "services/order/orders.h"

namespace ldt::order {

/// Which parts of the marketplace are ready, by name: {"order", true}, ... Called on the HTTP thread; must not block.
using Readiness = std::function<std::vector<std::pair<std::string, bool>>()>;

struct HttpApiOptions {
  std::string operator_token;  // empty: every operator call is refused
  bool allow_failures = false;
  saga::Handling default_handling;                    // of orders that do not say
  std::shared_ptr<grpc::Channel> telemetry_store;     // null: there is none
  std::function<ServiceStatistics()> own_statistics;  // of this process; called on the HTTP thread
};

struct ApiContext {
  Orders& orders;
  Auditor& auditor;
  const Activity& activity;
  EventHub& events;
  Participants participants;
  Readiness readiness;
  HttpApiOptions options;
  TelemetryReader telemetry{options.telemetry_store};
};

using SharedContext = std::shared_ptr<ApiContext>;

/// Orders: place, show, list, cancel, retry.
void add_order_routes(http::Router& router, const SharedContext& context);
/// Accounts and wallets, with their operator calls.
void add_account_routes(http::Router& router, const SharedContext& context);
/// The inventory, with its operator calls.
void add_inventory_routes(http::Router& router, const SharedContext& context);
/// What the processes of all services have done and spent.
void add_statistics_routes(http::Router& router, const SharedContext& context);
/// Streams of what happens to orders.
void add_event_routes(http::Router& router, const SharedContext& context);
/// What the order service did, second by second.
void add_activity_routes(http::Router& router, const SharedContext& context);
/// Logs and traces, as the telemetry store has them.
void add_telemetry_routes(http::Router& router, const SharedContext& context);
/// Sagas and the audit: operator calls.
void add_operator_routes(http::Router& router, const SharedContext& context);
/// Health, the API's description, the pages of the problems and the first page.
void add_page_routes(http::Router& router, const SharedContext& context);

/// The action, for operators only.
[[nodiscard]] http::Router::Action for_operators(const SharedContext& context, http::Router::Action action);

}  // namespace ldt::order
