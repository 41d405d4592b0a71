// Payment's gRPC methods.
// Depends on the generated code and participant/server.
#include "services/payment/rpc.h"

#include <string>

#include "base/amounts.h"
#include "base/names.h"
#include "ldt/payment/v1/payment.grpc.pb.h"
#include "participant/server/audit_stream.h"
#include "participant/server/calls.h"
#include "participant/server/execute_stream.h"
#include "participant/server/single_call.h"

namespace ldt::payment {

namespace {

using participant::OperationState;
using participant::Reads;
using participant::Verb;
using Context = grpc::CallbackServerContext;

v1::ChargeOutcome outcome_of(OperationState state) {
  switch (state) {
    case OperationState::kDone:
      return v1::CHARGE_OUTCOME_SUCCESS;
    case OperationState::kRefused:
      return v1::CHARGE_OUTCOME_INSUFFICIENT_FUND;
    default:
      return v1::CHARGE_OUTCOME_UNSPECIFIED;  // refunded before: the state says so
  }
}

void fill(v1::Entry& message, const participant::EntryNow& entry) {
  message.set_seq(static_cast<std::uint64_t>(entry.seq));
  message.set_kind(static_cast<v1::EntryKind>(entry.kind));  // the numbers are the same
  message.set_amount(entry.delta);
  message.set_order_id(entry.order);
  message.set_at_us(entry.at.us);
}

Result<void> read_account(Reads& reads, const v1::GetAccountRequest& request, std::int64_t initial_credits,
                          v1::GetAccountResponse& response) {
  const auto limit = participant::page_limit(request.limit());
  if (!limit) return tl::unexpected(limit.error());
  const auto page =
      reads.page(request.user(), participant::EntryFilter::kAll, participant::before(request.before_seq()), *limit);
  if (!page) return tl::unexpected(page.error());
  response.set_user(request.user());
  response.set_seen(page->holder.has_value());
  response.set_credits(page->holder ? page->holder->balance : initial_credits);
  for (const auto& entry : page->entries) fill(*response.add_entries(), entry);
  if (page->more) response.set_next_before_seq(response.entries(response.entries_size() - 1).seq());
  return {};
}

class PaymentService final : public v1::PaymentService::CallbackService {
 public:
  explicit PaymentService(participant::Host& host) : host_(host) {}

  grpc::ServerUnaryReactor* Charge(Context* context, const v1::ChargeRequest* request,
                                   v1::ChargeResponse* response) override {
    auto single = participant::to_single_request(*request, Verb::kDo, request->user(), {}, request->amount());
    return participant::serve_single(host_, context, std::move(single), [response](const auto& answer) {
      participant::fill_response(*response, answer);
      response->set_outcome(outcome_of(answer.answer.state));
    });
  }

  grpc::ServerUnaryReactor* Refund(Context* context, const v1::RefundRequest* request,
                                   v1::RefundResponse* response) override {
    auto single = participant::to_single_request(*request, Verb::kUndo, request->user(), {}, request->amount());
    return participant::serve_single(host_, context, std::move(single),
                                     [response](const auto& answer) { participant::fill_response(*response, answer); });
  }

  grpc::ServerUnaryReactor* GetAccount(Context* context, const v1::GetAccountRequest* request,
                                       v1::GetAccountResponse* response) override {
    if (!UserName::parse(request->user())) return participant::serve_status(context, kBadUser);
    const std::int64_t initial_credits = *host_.rules.opening();
    return participant::serve_read(host_, context, [request, response, initial_credits](Reads& reads) {
      return read_account(reads, *request, initial_credits, *response);
    });
  }

  grpc::ServerUnaryReactor* GrantCredits(Context* context, const v1::GrantCreditsRequest* request,
                                         v1::GrantCreditsResponse* response) override {
    if (!UserName::parse(request->user())) return participant::serve_status(context, kBadUser);
    if (request->amount() < 1 || request->amount() > kMaxCredits.value) {
      return participant::serve_status(context, {ErrorKind::kInvalid, "amount: not in 1..10^15"});
    }
    if (request->idempotency_key().size() > participant::kMaxKeyBytes) {
      return participant::serve_status(context, {ErrorKind::kInvalid, "idempotency_key: too long"});
    }
    const auto grant = [request](participant::Decider& decider) {
      return decider.participant.grant(request->user(), request->amount(), request->idempotency_key(), decider.now);
    };
    return participant::serve_change(host_, context, {request->user(), request->idempotency_key()}, grant,
                                     [request, response](const auto& answer) {
                                       response->set_user(request->user());
                                       response->set_credits(answer.holding.balance);
                                       response->set_replayed(answer.replayed);
                                     });
  }

  grpc::ServerBidiReactor<participant::v1::Batch, participant::v1::BatchReply>* Execute(Context*) override {
    return participant::serve_execute(host_);
  }

  grpc::ServerWriteReactor<participant::v1::AuditPage>* Audit(Context*, const participant::v1::AuditRequest*) override {
    return participant::serve_audit(host_);
  }

 private:
  inline static const Error kBadUser{ErrorKind::kInvalid,
                                     "user: not 1-128 characters of UTF-8 in NFC without control characters"};
  participant::Host& host_;
};

}  // namespace

const std::string_view kViews = R"sql(
CREATE VIEW account AS SELECT name AS user, balance AS credits FROM holding_now;
CREATE VIEW ledger AS
  SELECT seq, name.text AS user, CASE kind WHEN 1 THEN 'GRANT' WHEN 2 THEN 'CHARGE' ELSE 'REFUND' END AS entry,
         delta AS credits, lower(hex(order_id)) AS order_id, at_us
  FROM journal JOIN name ON name.id = journal.holder WHERE kind = 1 OR state IN (1, 4);
)sql";

const std::string_view kPostgresViews = R"sql(
CREATE VIEW account AS SELECT name AS "user", balance AS credits FROM holder WHERE is_open;
CREATE VIEW ledger AS
  SELECT seq, name AS "user", CASE event WHEN 5 THEN 'GRANT' WHEN 1 THEN 'CHARGE' ELSE 'REFUND' END AS entry,
         delta AS credits, order_id, at_us
  FROM journal JOIN holder ON holder.id = journal.holder WHERE event IN (1, 4, 5);
)sql";

const char* service_name() { return v1::PaymentService::service_full_name(); }

Result<std::shared_ptr<grpc::Service>> make_service(participant::Host& host) {
  return std::make_shared<PaymentService>(host);
}

}  // namespace ldt::payment
