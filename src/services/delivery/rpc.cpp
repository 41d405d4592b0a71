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

namespace ldt::delivery {

namespace {

using participant::OperationState;
using participant::Reads;
using participant::Verb;
using Context = grpc::CallbackServerContext;

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

void fill(v1::Delivery& message, const participant::EntryNow& entry) {
  message.set_seq(static_cast<std::uint64_t>(entry.seq));
  message.set_sku(entry.item);
  message.set_quantity(entry.amount);
  message.set_order_id(entry.order);
  message.set_at_us(entry.at.us);
}

Result<void> read_wallet(Reads& reads, const v1::GetWalletRequest& request, v1::GetWalletResponse& response) {
  const auto limit = participant::page_limit(request.limit());
  if (!limit) return tl::unexpected(limit.error());
  const auto page =
      reads.page(request.user(), participant::EntryFilter::kHeld, participant::before(request.before_seq()), *limit);
  if (!page) return tl::unexpected(page.error());
  response.set_user(request.user());
  if (page->holder) response.set_tokens(page->holder->balance);
  for (const auto& entry : page->entries) fill(*response.add_deliveries(), entry);
  if (page->more) response.set_next_before_seq(response.deliveries(response.deliveries_size() - 1).seq());
  return {};
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
        host_, context, [request, response](Reads& reads) { return read_wallet(reads, *request, *response); });
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

const std::string_view kPostgresViews = R"sql(
CREATE VIEW wallet AS SELECT name AS "user", balance AS tokens FROM holder WHERE is_open;
CREATE VIEW delivery AS
  SELECT j.seq, holder.name AS "user", j.item AS sku, j.amount AS quantity, j.order_id, j.at_us
  FROM journal j JOIN holder ON holder.id = j.holder
  WHERE j.event = 1 AND NOT EXISTS (SELECT 1 FROM journal undo WHERE undo.order_id = j.order_id AND undo.event = 4);
)sql";

const char* service_name() { return v1::DeliveryService::service_full_name(); }

Result<std::shared_ptr<grpc::Service>> make_service(participant::Host& host) {
  return std::make_shared<DeliveryService>(host);
}

}  // namespace ldt::delivery
