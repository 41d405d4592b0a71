// The inventory: inventory knows what is allocated, the order service what of it is sold.
// Depends on Participants and Orders. Invariant: what is sold is asked for first, so that `reserved` never falls below
// zero; the engine knows a new price before the operator hears of it.
#include <unordered_map>
#include <utility>

#include "services/order/http/answers.h"
#include "services/order/http/api_context.h"
#include "services/order/http/participant_json.h"

namespace ldt::order {
namespace {

using http::Request;
using http::Responder;
using SoldResult = Result<std::vector<Quantity>>;

constexpr std::uint32_t kPage = 100;
constexpr std::uint32_t kMaxPage = 1000;

/// Calls `next(sold)` with what is sold of one SKU, or answers the failure.
template <class Next>
void with_sold(ApiContext& context, const Sku& sku, const Responder& responder, Next next) {
  context.orders.sold({{sku.text()}}, [responder, next = std::move(next)](SoldResult sold) {
    if (!sold) return responder.answer(own_problem(sold.error()));
    next(sold->empty() ? Quantity{} : sold->front());
  });
}

Checked<Sku> sku_in_path(const Request& request) {
  auto sku = Sku::parse(request.parameters[0]);
  if (sku) return std::move(*sku);
  return tl::unexpected(invalid_parameter("sku", "must be 1 to 64 of a-z, 0-9, '.' and '-'"));
}

void show(const SharedContext& context, const Request& request, const Responder& responder) {
  const auto sku = Sku::parse(request.parameters[0]);
  if (!sku) return responder.answer(sku_not_found());
  with_sold(*context, *sku, responder, [context, sku = *sku, responder](Quantity sold) {
    context->participants.sku(
        sku, answer_peer<SkuRow>(responder, [sold](const SkuRow& row) { return json_response(sku_json(row, sold)); }));
  });
}

using SoldBySku = std::unordered_map<std::string, Quantity>;

http::Response page_response(const SkuPage& page, const SoldBySku& sold_by_sku) {
  std::vector<Quantity> sold;
  for (const SkuRow& row : page.skus) {
    const auto found = sold_by_sku.find(row.sku);  // none: a SKU that was made just now
    sold.push_back(found == sold_by_sku.end() ? Quantity{} : found->second);
  }
  return json_response(skus_json(page, sold));
}

/// Which SKUs are on the page, what is sold of them, and then the page again: see the invariant.
void list_with_sold(const SharedContext& context, const SkuPage& names, std::uint32_t limit, const std::string& after,
                    const Responder& responder) {
  SoldQuery query;
  for (const SkuRow& row : names.skus) query.skus.push_back(row.sku);
  auto skus = query.skus;
  context->orders.sold(
      std::move(query), [context, skus = std::move(skus), limit, after, responder](const SoldResult& sold) {
        if (!sold) return responder.answer(own_problem(sold.error()));
        SoldBySku sold_by_sku;
        for (std::size_t i = 0; i < skus.size(); ++i) sold_by_sku.emplace(skus[i], (*sold)[i]);
        context->participants.skus(
            limit, after, answer_peer<SkuPage>(responder, [sold_by_sku = std::move(sold_by_sku)](const SkuPage& page) {
              return page_response(page, sold_by_sku);
            }));
      });
}

void list(const SharedContext& context, const Request& request, const Responder& responder) {
  QueryReader parameters(request);
  const auto limit = parameters.integer("limit", 1, kMaxPage, kPage);
  const auto cursor = parameters.parsed("cursor", parse_sku_cursor, "is not a cursor of this list");
  if (const auto problem = parameters.problem()) return refuse(responder, *problem);
  const std::string after = cursor ? cursor->text() : std::string();
  context->participants.skus(limit, after, [context, limit, after, responder](const PeerResult<SkuPage>& page) {
    if (!page) return responder.answer(peer_problem(page.error()));
    list_with_sold(context, *page, limit, after, responder);
  });
}

void put(const SharedContext& context, const Request& request, const Responder& responder) {
  const auto sku = sku_in_path(request);
  if (!sku) return refuse(responder, sku.error());
  const auto price = parse_amount(request, "price", 0, kMaxUnitPrice.value);
  if (!price) return refuse(responder, price.error());
  with_sold(*context, *sku, responder, [context, sku = *sku, price = Credits{*price}, responder](Quantity sold) {
    context->participants.put_sku(sku, price, [context, sku, sold, responder](const PeerResult<SkuChange>& change) {
      if (!change) return responder.answer(peer_problem(change.error()));
      context->orders.price_changed(sku, change->row.unit_price);
      responder.answer(json_response(sku_json(change->row, sold), change->created ? 201 : 200));
    });
  });
}

void restock(const SharedContext& context, const Request& request, const Responder& responder) {
  const auto sku = sku_in_path(request);
  if (!sku) return refuse(responder, sku.error());
  const auto key = idempotency_key(request);
  if (!key) return refuse(responder, key.error());
  const auto quantity = parse_amount(request, "quantity", 1, kMaxStock.value);
  if (!quantity) return refuse(responder, quantity.error());
  with_sold(*context, *sku, responder,
            [context, sku = *sku, quantity = Quantity{*quantity}, key = *key, responder](Quantity sold) {
              context->participants.restock(
                  sku, quantity, key, answer_peer<SkuChange>(responder, [sold](const SkuChange& change) {
                    return with_replay_mark(json_response(sku_json(change.row, sold)), change.replayed);
                  }));
            });
}

using Call = void (*)(const SharedContext&, const Request&, const Responder&);

http::Router::Action action(const SharedContext& context, Call call) {
  return [context, call](const Request& request, const Responder& responder) { call(context, request, responder); };
}

}  // namespace

void add_inventory_routes(http::Router& router, const SharedContext& context) {
  using http::Method;
  router.add(Method::kGet, "/v1/inventory", action(context, list));
  router.add(Method::kGet, "/v1/inventory/{}", action(context, show));
  router.add(Method::kPut, "/v1/inventory/{}", for_operators(context, action(context, put)));
  router.add(Method::kPost, "/v1/inventory/{}/restock", for_operators(context, action(context, restock)));
}

}  // namespace ldt::order
