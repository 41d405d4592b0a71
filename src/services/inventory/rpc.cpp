// Inventory's gRPC methods.
// Depends on the generated code and participant/server.
#include "services/inventory/rpc.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/amounts.h"
#include "base/names.h"
#include "ldt/inventory/v1/inventory.grpc.pb.h"
#include "participant/server/audit_stream.h"
#include "participant/server/calls.h"
#include "participant/server/execute_stream.h"
#include "participant/server/single_call.h"
#include "services/inventory/price_feed.h"
#include "services/inventory/price_follower.h"

namespace ldt::inventory {

namespace {

using participant::Holding;
using participant::OperationState;
using participant::Reads;
using participant::Verb;
using Context = grpc::CallbackServerContext;

v1::ReserveOutcome outcome_of(OperationState state) {
  switch (state) {
    case OperationState::kDone:
      return v1::RESERVE_OUTCOME_SUCCESS;
    case OperationState::kRefused:
      return v1::RESERVE_OUTCOME_INSUFFICIENT_INVENTORY;
    default:
      return v1::RESERVE_OUTCOME_UNSPECIFIED;  // released before: the state says so
  }
}

/// What was put in and is not on hand has been taken by orders.
void fill(v1::Sku& message, const std::string& sku, const Holding& holding) {
  message.set_sku(sku);
  message.set_unit_price(holding.price);
  message.set_stock(holding.balance);
  message.set_allocated(holding.granted - holding.balance);
}

void fill(v1::Sku& message, const participant::HolderNow& sku) {
  fill(message, sku.name, Holding{.balance = sku.balance, .granted = sku.granted, .price = sku.price});
}

Result<void> read_sku(Reads& reads, const std::string& sku, v1::GetSkuResponse& response) {
  const auto found = reads.holder(sku);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return failure(ErrorKind::kNotFound, "there is no SKU " + sku);
  fill(*response.mutable_sku(), **found);
  return {};
}

/// One SKU more than the page holds is read, to know whether there are more.
Result<void> read_skus(Reads& reads, const v1::ListSkusRequest& request, v1::ListSkusResponse& response) {
  const auto limit = participant::page_limit(request.limit());
  if (!limit) return tl::unexpected(limit.error());
  auto skus = reads.holders(request.after(), *limit + 1);
  if (!skus) return tl::unexpected(skus.error());
  const bool more = skus->size() > *limit;
  if (more) skus->pop_back();
  for (const auto& sku : *skus) fill(*response.add_skus(), sku);
  if (more) response.set_next_after(skus->back().name);
  return {};
}

class InventoryService final : public v1::InventoryService::CallbackService {
 public:
  InventoryService(participant::Host& host, const std::vector<participant::PriceNow>& prices) : host_(host) {
    prices_.publish(prices);
    if (auto source = host.storage.watch_prices()) follower_.emplace(std::move(source), prices_);
  }

  grpc::ServerUnaryReactor* Reserve(Context* context, const v1::ReserveRequest* request,
                                    v1::ReserveResponse* response) override {
    auto single = participant::to_single_request(*request, Verb::kDo, request->sku(), {}, request->quantity());
    return participant::serve_single(host_, context, std::move(single), [response](const auto& answer) {
      participant::fill_response(*response, answer);
      response->set_outcome(outcome_of(answer.answer.state));
    });
  }

  grpc::ServerUnaryReactor* Release(Context* context, const v1::ReleaseRequest* request,
                                    v1::ReleaseResponse* response) override {
    auto single = participant::to_single_request(*request, Verb::kUndo, request->sku(), {}, request->quantity());
    return participant::serve_single(host_, context, std::move(single),
                                     [response](const auto& answer) { participant::fill_response(*response, answer); });
  }

  grpc::ServerUnaryReactor* GetSku(Context* context, const v1::GetSkuRequest* request,
                                   v1::GetSkuResponse* response) override {
    if (!Sku::parse(request->sku())) return participant::serve_status(context, kBadSku);
    return participant::serve_read(
        host_, context, [request, response](Reads& reads) { return read_sku(reads, request->sku(), *response); });
  }

  grpc::ServerUnaryReactor* ListSkus(Context* context, const v1::ListSkusRequest* request,
                                     v1::ListSkusResponse* response) override {
    return participant::serve_read(host_, context,
                                   [request, response](Reads& reads) { return read_skus(reads, *request, *response); });
  }

  grpc::ServerUnaryReactor* PutSku(Context* context, const v1::PutSkuRequest* request,
                                   v1::PutSkuResponse* response) override {
    if (!Sku::parse(request->sku())) return participant::serve_status(context, kBadSku);
    if (request->unit_price() < 0 || request->unit_price() > kMaxUnitPrice.value) {
      return participant::serve_status(context, {ErrorKind::kInvalid, "unit_price: not in 0..1,000,000,000"});
    }
    const auto seq = std::make_shared<std::int64_t>(0);
    const auto put = [request, seq](participant::Decider& decider) {
      auto answer = decider.participant.set_price(request->sku(), request->unit_price(), decider.now);
      *seq = decider.book.last_seq();
      return answer;
    };
    return participant::serve_change(
        host_, context, {request->sku(), {}}, put, [this, request, response, seq](const auto& answer) {
          fill(*response->mutable_sku(), request->sku(), answer.holding);
          response->set_created(answer.created);
          if (answer.replayed) return;
          prices_.publish(std::vector{participant::PriceNow{request->sku(), request->unit_price(), *seq}});
        });
  }

  grpc::ServerUnaryReactor* Restock(Context* context, const v1::RestockRequest* request,
                                    v1::RestockResponse* response) override {
    if (!Sku::parse(request->sku())) return participant::serve_status(context, kBadSku);
    if (request->quantity() < 1 || request->quantity() > kMaxStock.value) {
      return participant::serve_status(context, {ErrorKind::kInvalid, "quantity: not in 1..10^12"});
    }
    if (request->idempotency_key().size() > participant::kMaxKeyBytes) {
      return participant::serve_status(context, {ErrorKind::kInvalid, "idempotency_key: too long"});
    }
    const auto restock = [request](participant::Decider& decider) {
      return decider.participant.grant(request->sku(), request->quantity(), request->idempotency_key(), decider.now);
    };
    return participant::serve_change(host_, context, {request->sku(), request->idempotency_key()}, restock,
                                     [request, response](const auto& answer) {
                                       fill(*response->mutable_sku(), request->sku(), answer.holding);
                                       response->set_replayed(answer.replayed);
                                     });
  }

  grpc::ServerWriteReactor<v1::Price>* WatchPrices(Context*, const v1::WatchPricesRequest*) override {
    return prices_.watch();
  }

  grpc::ServerBidiReactor<participant::v1::Batch, participant::v1::BatchReply>* Execute(Context*) override {
    return participant::serve_execute(host_);
  }

  grpc::ServerWriteReactor<participant::v1::AuditPage>* Audit(Context*, const participant::v1::AuditRequest*) override {
    return participant::serve_audit(host_);
  }

 private:
  inline static const Error kBadSku{ErrorKind::kInvalid, "sku: not 1-64 of a-z 0-9 . -"};
  participant::Host& host_;
  PriceFeed prices_;
  std::optional<PriceFollower> follower_;
};

}  // namespace

const std::string_view kViews = R"sql(
CREATE VIEW sku AS
  SELECT name AS sku, price AS unit_price, balance AS stock, granted - balance AS allocated FROM holding_now;
)sql";

const std::string_view kPostgresViews = R"sql(
CREATE VIEW sku AS
  SELECT name AS sku, price AS unit_price, balance AS stock, granted - balance AS allocated FROM holder WHERE is_open;
)sql";

const char* service_name() { return v1::InventoryService::service_full_name(); }

Result<std::shared_ptr<grpc::Service>> make_service(participant::Host& host) {
  const auto prices = host.storage.prices();
  if (!prices) return tl::unexpected(prices.error());
  return std::make_shared<InventoryService>(host, *prices);
}

}  // namespace ldt::inventory
