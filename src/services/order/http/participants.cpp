#include "services/order/http/participants.h"

#include <array>
#include <condition_variable>
#include <mutex>
#include <utility>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include "ldt/delivery/v1/delivery.grpc.pb.h"
#include "ldt/inventory/v1/inventory.grpc.pb.h"
#include "ldt/payment/v1/payment.grpc.pb.h"
#include "ldt/statistics/v1/statistics.grpc.pb.h"

namespace ldt::order {
namespace {

namespace delivery_api = ldt::delivery::v1;
namespace inventory_api = ldt::inventory::v1;
namespace payment_api = ldt::payment::v1;
namespace statistics_api = ldt::statistics::v1;

PeerFailure::Kind kind_of(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::NOT_FOUND:
      return PeerFailure::Kind::kNotFound;
    case grpc::StatusCode::INVALID_ARGUMENT:
      return PeerFailure::Kind::kInvalid;
    case grpc::StatusCode::ALREADY_EXISTS:
    case grpc::StatusCode::ABORTED:
      return PeerFailure::Kind::kKeyReused;
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::OUT_OF_RANGE:
      return PeerFailure::Kind::kLimit;
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return PeerFailure::Kind::kOverloaded;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return PeerFailure::Kind::kUnavailable;
    default:
      return PeerFailure::Kind::kInternal;
  }
}

PeerFailure to_failure(saga::Participant peer, const grpc::Status& status, bool was_reached) {
  const auto kind = kind_of(status.error_code());
  const std::string name(saga::to_string(peer));
  if (kind != PeerFailure::Kind::kUnavailable) return {peer, kind, status.error_message()};
  // gRPC's own words name sockets and addresses: of no use to a client.
  return {peer, kind,
          was_reached && status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ? name + " did not answer in time"
                                                                                    : name + " cannot be reached"};
}

OrderId order_id(const std::string& bytes) { return OrderId::from_bytes(bytes).value_or(OrderId{}); }

EntryKind to_entry_kind(payment_api::EntryKind kind) {
  switch (kind) {
    case payment_api::ENTRY_KIND_CHARGE:
      return EntryKind::kCharge;
    case payment_api::ENTRY_KIND_REFUND:
      return EntryKind::kRefund;
    default:
      return EntryKind::kGrant;
  }
}

Account to_account(const payment_api::GetAccountResponse& reply) {
  Account account{reply.user(), Credits{reply.credits()}, {}, reply.next_before_seq()};
  for (const auto& entry : reply.entries()) {
    account.entries.push_back(
        {to_entry_kind(entry.kind()), entry.amount(), OrderId::from_bytes(entry.order_id()), WallTime{entry.at_us()}});
  }
  return account;
}

Wallet to_wallet(const delivery_api::GetWalletResponse& reply) {
  Wallet wallet{reply.user(), reply.tokens(), {}, reply.next_before_seq()};
  for (const auto& item : reply.deliveries()) {
    wallet.deliveries.push_back(
        {item.seq(), item.sku(), item.quantity(), order_id(item.order_id()), WallTime{item.at_us()}});
  }
  return wallet;
}

SkuRow to_row(const inventory_api::Sku& sku) {
  return {sku.sku(), Credits{sku.unit_price()}, sku.stock(), sku.allocated()};
}

SkuPage to_page(const inventory_api::ListSkusResponse& reply) {
  SkuPage page{{}, reply.next_after()};
  for (const auto& sku : reply.skus()) page.skus.push_back(to_row(sku));
  return page;
}

ServiceStatistics to_statistics(const statistics_api::GetStatisticsResponse& reply) {
  return {reply.uptime_us(),      reply.cpu_us(),
          reply.resident_bytes(), reply.commits(),
          reply.operations(),     reply.fsyncs(),
          reply.bytes_written(),  {reply.batch_sizes().begin(), reply.batch_sizes().end()}};
}

template <class Request, class Reply>
struct Call {
  grpc::ClientContext context;
  Request request;
  Reply reply;
};

}  // namespace

struct Participants::Stubs {
  std::unique_ptr<payment_api::PaymentService::Stub> payment;
  std::unique_ptr<inventory_api::InventoryService::Stub> inventory;
  std::unique_ptr<delivery_api::DeliveryService::Stub> delivery;
  std::array<std::unique_ptr<statistics_api::StatisticsService::Stub>, saga::kPlan.size()>
      statistics;  // by participant
};

/// Counts the calls under way, so that nobody is called back after the end.
class Participants::Calls {
 public:
  using Channels = std::array<std::shared_ptr<grpc::Channel>, saga::kPlan.size()>;  // by participant

  explicit Calls(Channels channels) : channels_(std::move(channels)) {}

  bool begin() {
    const std::lock_guard lock(mutex_);
    if (stopped_) return false;
    ++under_way_;
    return true;
  }
  void end() {
    const std::lock_guard lock(mutex_);
    if (--under_way_ == 0) idle_.notify_all();
  }
  void stop() {
    std::unique_lock lock(mutex_);
    stopped_ = true;
    idle_.wait(lock, [this] { return under_way_ == 0; });
  }

  /// Starts the call by `start(call, on_status)`; its reply, converted, goes to `done`.
  template <class Request, class Reply, class T, class Start, class Convert>
  static void run(const std::shared_ptr<Calls>& calls, saga::Participant peer, Request request, PeerCallback<T> done,
                  Start start, Convert convert) {
    if (!calls->begin()) {
      return done(tl::unexpected(PeerFailure{peer, PeerFailure::Kind::kUnavailable, "the server is going down"}));
    }
    auto call = std::make_shared<Call<Request, Reply>>();
    call->request = std::move(request);
    const bool reached = calls->channels_[static_cast<std::size_t>(peer)]->GetState(true) == GRPC_CHANNEL_READY;
    call->context.set_wait_for_ready(!reached);
    call->context.set_deadline(std::chrono::system_clock::now() + (reached ? kDeadline : kReconnect));
    start(*call, [calls, call, peer, reached, convert, done = std::move(done)](const grpc::Status& status) {
      if (status.ok()) {
        done(convert(call->reply));
      } else {
        done(tl::unexpected(to_failure(peer, status, reached)));
      }
      calls->end();
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable idle_;
  std::size_t under_way_ = 0;
  bool stopped_ = false;
  const Channels channels_;
};

Participants::Participants(const std::shared_ptr<grpc::Channel>& payment,
                           const std::shared_ptr<grpc::Channel>& inventory,
                           const std::shared_ptr<grpc::Channel>& delivery)
    : stubs_(std::make_unique<Stubs>(Stubs{
          payment_api::PaymentService::NewStub(payment),
          inventory_api::InventoryService::NewStub(inventory),
          delivery_api::DeliveryService::NewStub(delivery),
          {statistics_api::StatisticsService::NewStub(payment), statistics_api::StatisticsService::NewStub(inventory),
           statistics_api::StatisticsService::NewStub(delivery)}})),
      calls_(std::make_shared<Calls>(Calls::Channels{payment, inventory, delivery})) {}

Participants::~Participants() { stop(); }

void Participants::stop() { calls_->stop(); }

void Participants::account(const UserName& user, std::uint32_t limit, std::uint64_t before_seq,
                           PeerCallback<Account> done) {
  payment_api::GetAccountRequest request;
  request.set_user(user.text());
  request.set_limit(limit);
  request.set_before_seq(before_seq);
  Calls::run<payment_api::GetAccountRequest, payment_api::GetAccountResponse>(
      calls_, saga::Participant::kPayment, std::move(request), std::move(done),
      [this](auto& call, auto on_status) {
        stubs_->payment->async()->GetAccount(&call.context, &call.request, &call.reply, std::move(on_status));
      },
      to_account);
}

void Participants::grant(const UserName& user, Credits amount, const std::string& key, PeerCallback<Grant> done) {
  payment_api::GrantCreditsRequest request;
  request.set_user(user.text());
  request.set_amount(amount.value);
  request.set_idempotency_key(key);
  Calls::run<payment_api::GrantCreditsRequest, payment_api::GrantCreditsResponse>(
      calls_, saga::Participant::kPayment, std::move(request), std::move(done),
      [this](auto& call, auto on_status) {
        stubs_->payment->async()->GrantCredits(&call.context, &call.request, &call.reply, std::move(on_status));
      },
      [](const payment_api::GrantCreditsResponse& reply) {
        return Grant{reply.user(), Credits{reply.credits()}, reply.replayed()};
      });
}

void Participants::wallet(const UserName& user, std::uint32_t limit, std::uint64_t before_seq,
                          PeerCallback<Wallet> done) {
  delivery_api::GetWalletRequest request;
  request.set_user(user.text());
  request.set_limit(limit);
  request.set_before_seq(before_seq);
  Calls::run<delivery_api::GetWalletRequest, delivery_api::GetWalletResponse>(
      calls_, saga::Participant::kDelivery, std::move(request), std::move(done),
      [this](auto& call, auto on_status) {
        stubs_->delivery->async()->GetWallet(&call.context, &call.request, &call.reply, std::move(on_status));
      },
      to_wallet);
}

void Participants::sku(const Sku& sku, PeerCallback<SkuRow> done) {
  inventory_api::GetSkuRequest request;
  request.set_sku(sku.text());
  Calls::run<inventory_api::GetSkuRequest, inventory_api::GetSkuResponse>(
      calls_, saga::Participant::kInventory, std::move(request), std::move(done),
      [this](auto& call, auto on_status) {
        stubs_->inventory->async()->GetSku(&call.context, &call.request, &call.reply, std::move(on_status));
      },
      [](const inventory_api::GetSkuResponse& reply) { return to_row(reply.sku()); });
}

void Participants::skus(std::uint32_t limit, const std::string& after, PeerCallback<SkuPage> done) {
  inventory_api::ListSkusRequest request;
  request.set_limit(limit);
  request.set_after(after);
  Calls::run<inventory_api::ListSkusRequest, inventory_api::ListSkusResponse>(
      calls_, saga::Participant::kInventory, std::move(request), std::move(done),
      [this](auto& call, auto on_status) {
        stubs_->inventory->async()->ListSkus(&call.context, &call.request, &call.reply, std::move(on_status));
      },
      to_page);
}

void Participants::put_sku(const Sku& sku, Credits unit_price, PeerCallback<SkuChange> done) {
  inventory_api::PutSkuRequest request;
  request.set_sku(sku.text());
  request.set_unit_price(unit_price.value);
  Calls::run<inventory_api::PutSkuRequest, inventory_api::PutSkuResponse>(
      calls_, saga::Participant::kInventory, std::move(request), std::move(done),
      [this](auto& call, auto on_status) {
        stubs_->inventory->async()->PutSku(&call.context, &call.request, &call.reply, std::move(on_status));
      },
      [](const inventory_api::PutSkuResponse& reply) {
        return SkuChange{to_row(reply.sku()), reply.created(), false};
      });
}

void Participants::restock(const Sku& sku, Quantity quantity, const std::string& key, PeerCallback<SkuChange> done) {
  inventory_api::RestockRequest request;
  request.set_sku(sku.text());
  request.set_quantity(quantity.value);
  request.set_idempotency_key(key);
  Calls::run<inventory_api::RestockRequest, inventory_api::RestockResponse>(
      calls_, saga::Participant::kInventory, std::move(request), std::move(done),
      [this](auto& call, auto on_status) {
        stubs_->inventory->async()->Restock(&call.context, &call.request, &call.reply, std::move(on_status));
      },
      [](const inventory_api::RestockResponse& reply) {
        return SkuChange{to_row(reply.sku()), false, reply.replayed()};
      });
}

void Participants::statistics(saga::Participant peer, PeerCallback<ServiceStatistics> done) {
  Calls::run<statistics_api::GetStatisticsRequest, statistics_api::GetStatisticsResponse>(
      calls_, peer, {}, std::move(done),
      [this, peer](auto& call, auto on_status) {
        stubs_->statistics[static_cast<std::size_t>(peer)]->async()->GetStatistics(&call.context, &call.request,
                                                                                   &call.reply, std::move(on_status));
      },
      to_statistics);
}

}  // namespace ldt::order
