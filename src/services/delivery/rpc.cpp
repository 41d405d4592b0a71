// Delivery's gRPC methods.
// Depends on the generated code and participant/server.
#include "services/delivery/rpc.h"

#include <string>

#include "base/names.h"
#include "ldt/delivery/v1/delivery.grpc.pb.h"
#include "participant/server/audit_stream.h"
#include "participant/server/calls.h"
#include "participant/server/execute_stream.h"
#include "participant/server/single_call.h"
#include "participant/storage/schema.h"

namespace ldt::delivery {

namespace {

using participant::OperationState;
using participant::Reader;
using participant::Verb;
using Context = grpc::CallbackServerContext;

/// Deliveries that are still held, newest first. Parameters: 1 holder, 2 only with a smaller seq, 3 at most so many.
const std::string kHeld =
    std::string(participant::kEntriesOfHolder) +
    " SELECT j.seq, item.text, j.amount, j.order_id, j.at_us FROM entry CROSS JOIN journal j ON j.seq = entry.seq"
    " LEFT JOIN name item ON item.id = j.item"
    " WHERE j.seq < ?2 AND j.kind = 2"
    " AND NOT EXISTS (SELECT 1 FROM journal undo WHERE undo.order_id = j.order_id AND undo.kind = 3)"
    " LIMIT ?3";

v1::DeliverOutcome outcome_of(OperationState state) {
  switch (state) {
    case OperationState::kDone:
      return v1::DELIVER_OUTCOME_SUCCESS;
    case OperationState::kRefused:
      return v1::DELIVER_OUTCOME_UNDELIVERABLE;
    default:
      return v1::DELIVER_OUTCOME_UNSPECIFIED;  // revoked before: the state says so
  }
}

/// One delivery more than the page holds is read, to know whether there are more.
Result<void> read_held(Reader& reader, std::int64_t holder, std::int64_t before, std::uint32_t limit,
                       v1::GetWalletResponse& response) {
  auto held = reader.statement(kHeld);
  if (!held) return tl::unexpected(held.error());
  (*held)->bind(1, holder).bind(2, before).bind(3, std::int64_t{limit} + 1);
  for (;;) {
    const auto row = (*held)->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return {};
    if (response.deliveries_size() == static_cast<int>(limit)) {
      response.set_next_before_seq(response.deliveries(response.deliveries_size() - 1).seq());
      (*held)->reset();
      return {};
    }
    auto& delivery = *response.add_deliveries();
    delivery.set_seq(static_cast<std::uint64_t>((*held)->integer(0)));
    delivery.set_sku(std::string((*held)->text(1)));
    delivery.set_quantity((*held)->integer(2));
    delivery.set_order_id(std::string((*held)->blob(3)));
    delivery.set_at_us((*held)->integer(4));
  }
}

Result<void> read_wallet(Reader& reader, const v1::GetWalletRequest& request, v1::GetWalletResponse& response) {
  const auto limit = participant::page_limit(request.limit());
  if (!limit) return tl::unexpected(limit.error());
  auto wallet = reader.statement(participant::kHolderByName);
  if (!wallet) return tl::unexpected(wallet.error());
  const auto found = (*wallet)->bind(1, request.user()).step();
  if (!found) return tl::unexpected(found.error());
  response.set_user(request.user());
  if (!*found) return {};
  response.set_tokens((*wallet)->integer(1));
  const std::int64_t holder = (*wallet)->integer(0);
  (*wallet)->reset();
  return read_held(reader, holder, participant::before(request.before_seq()), *limit, response);
}

class DeliveryService final : public v1::DeliveryService::CallbackService {
 public:
  explicit DeliveryService(participant::Host& host) : host_(host) {}

  grpc::ServerUnaryReactor* Deliver(Context* context, const v1::DeliverRequest* request,
                                    v1::DeliverResponse* response) override {
    auto single =
        participant::to_single_request(*request, Verb::kDo, request->user(), request->sku(), request->quantity());
    return participant::serve_single(host_, context, std::move(single), [response](const auto& answer) {
      participant::fill_response(*response, answer);
      response->set_outcome(outcome_of(answer.answer.state));
    });
  }

  grpc::ServerUnaryReactor* Revoke(Context* context, const v1::RevokeRequest* request,
                                   v1::RevokeResponse* response) override {
    auto single =
        participant::to_single_request(*request, Verb::kUndo, request->user(), request->sku(), request->quantity());
    return participant::serve_single(host_, context, std::move(single),
                                     [response](const auto& answer) { participant::fill_response(*response, answer); });
  }

  grpc::ServerUnaryReactor* GetWallet(Context* context, const v1::GetWalletRequest* request,
                                      v1::GetWalletResponse* response) override {
    if (!UserName::parse(request->user())) {
      return participant::serve_status(
          context, {ErrorKind::kInvalid, "user: not 1-128 characters of UTF-8 in NFC without control characters"});
    }
    return participant::serve_read(
        host_, context, [request, response](Reader& reader) { return read_wallet(reader, *request, *response); });
  }

  grpc::ServerBidiReactor<participant::v1::Batch, participant::v1::BatchReply>* Execute(Context*) override {
    return participant::serve_execute(host_);
  }

  grpc::ServerWriteReactor<participant::v1::AuditPage>* Audit(Context*, const participant::v1::AuditRequest*) override {
    return participant::serve_audit(host_);
  }

 private:
  participant::Host& host_;
};

}  // namespace

const std::string_view kViews = R"sql(
CREATE VIEW wallet AS SELECT name AS user, balance AS tokens FROM holding_now;
CREATE VIEW delivery AS
  SELECT j.seq, holder.text AS user, item.text AS sku, j.amount AS quantity, lower(hex(j.order_id)) AS order_id, j.at_us
  FROM journal j JOIN name holder ON holder.id = j.holder JOIN name item ON item.id = j.item
  WHERE j.kind = 2 AND j.state = 1
    AND NOT EXISTS (SELECT 1 FROM journal undo WHERE undo.order_id = j.order_id AND undo.kind = 3);
)sql";

const char* service_name() { return v1::DeliveryService::service_full_name(); }

std::shared_ptr<grpc::Service> make_service(participant::Host& host) { return std::make_shared<DeliveryService>(host); }

}  // namespace ldt::delivery
