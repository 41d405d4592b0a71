#include "services/order/audit/grpc_auditor.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <utility>

#include "ldt/delivery/v1/delivery.grpc.pb.h"
#include "ldt/inventory/v1/inventory.grpc.pb.h"
#include "ldt/payment/v1/payment.grpc.pb.h"
#include "services/order/audit/audit_rules.h"

namespace ldt::order {
namespace {

namespace wire = participant::v1;
using saga::Participant;

constexpr std::chrono::seconds kPatience{5};  // for a participant to be there at all
constexpr std::chrono::minutes kLongest{30};  // for one participant's whole snapshot

/// One participant's snapshot, operation by operation.
class Snapshot {
 public:
  Snapshot(Participant participant, const std::shared_ptr<grpc::Channel>& channel) : participant_(participant) {
    context_.set_deadline(std::chrono::system_clock::now() + kLongest);
    const wire::AuditRequest request;
    switch (participant) {
      case Participant::kPayment:
        reader_ = payment::v1::PaymentService::NewStub(channel)->Audit(&context_, request);
        break;
      case Participant::kInventory:
        reader_ = inventory::v1::InventoryService::NewStub(channel)->Audit(&context_, request);
        break;
      case Participant::kDelivery:
        reader_ = delivery::v1::DeliveryService::NewStub(channel)->Audit(&context_, request);
        break;
    }
  }
  ~Snapshot() { context_.TryCancel(); }

  /// Reads the next operation into head(); nothing left: head() is empty.
  Result<void> advance() {
    head_.reset();
    while (position_ == page_.operations_size()) {
      if (page_.has_totals()) {
        totals_ = {page_.totals().put_in(),
                   page_.totals().held(),
                   {page_.totals().violations().begin(), page_.totals().violations().end()}};
        return {};
      }
      position_ = 0;
      if (!reader_->Read(&page_)) return broken();
    }
    return take(page_.operations(position_++));
  }

  [[nodiscard]] const std::optional<AuditedOperation>& head() const { return head_; }
  [[nodiscard]] const AuditedTotals& totals() const { return totals_; }

 private:
  Result<void> take(const wire::AuditOperation& operation) {
    const auto id = OrderId::from_bytes(operation.order_id());
    if (!id) return failure(ErrorKind::kInternal, name() + " has an operation without an order id");
    std::string state = wire::OperationState_Name(operation.state());
    state.erase(0, std::string_view("OPERATION_STATE_").size());
    head_ = AuditedOperation{*id,
                             operation.state() == wire::OPERATION_STATE_DONE,
                             std::move(state),
                             operation.holder(),
                             operation.item(),
                             operation.amount()};
    return {};
  }
  Result<void> broken() {
    const auto status = reader_->Finish();
    return failure(ErrorKind::kUnavailable, name() + " cannot be audited: " +
                                                (status.ok() ? "its snapshot has no end" : status.error_message()));
  }
  [[nodiscard]] std::string name() const { return std::string(saga::to_string(participant_)); }

  const Participant participant_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<wire::AuditPage>> reader_;
  wire::AuditPage page_;
  int position_ = 0;
  std::optional<AuditedOperation> head_;
  AuditedTotals totals_;
};

/// Merges the orders and the three snapshots by id.
class Merge {
 public:
  Merge(OrderArchive& archive, const GrpcAuditor::Channels& channels) : archive_(archive), channels_(channels) {}

  Result<AuditReport> run() {
    // The orders' snapshot must be taken before any participant's: its first row is read before they are asked.
    if (auto begun = archive_.begin_audit(); !begun) return tl::unexpected(begun.error());
    auto merged = merge();
    archive_.end_audit();
    if (!merged) return tl::unexpected(merged.error());
    for (const auto& id : rules_.newer_ids()) {
      const auto exists = archive_.exists(id);
      if (!exists) return tl::unexpected(exists.error());
      if (!*exists) rules_.unknown(id);
    }
    for (std::size_t i = 0; i < snapshots_.size(); ++i)
      rules_.totals(static_cast<Participant>(i), snapshots_[i]->totals());
    auto damaged = archive_.verify();
    if (!damaged) return tl::unexpected(damaged.error());
    for (auto& page : *damaged) rules_.damaged(std::move(page));
    return rules_.report();
  }

 private:
  Result<void> merge() {
    if (auto next = next_order(); !next) return next;
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      if (!channels_[i]->WaitForConnected(std::chrono::system_clock::now() + kPatience)) {
        return failure(ErrorKind::kUnavailable,
                       std::string(saga::to_string(static_cast<Participant>(i))) + " cannot be reached");
      }
      snapshots_[i] = std::make_unique<Snapshot>(static_cast<Participant>(i), channels_[i]);
    }
    for (auto& snapshot : snapshots_) {
      if (auto next = snapshot->advance(); !next) return next;
    }
    while (const auto id = lowest()) {
      if (auto judged = judge(*id); !judged) return judged;
    }
    return {};
  }

  Result<void> next_order() {
    auto order = archive_.next_audited();
    if (!order) return tl::unexpected(order.error());
    order_ = std::move(*order);
    return {};
  }

  [[nodiscard]] std::optional<OrderId> lowest() const {
    std::optional<OrderId> id;
    if (order_) id = order_->id;
    for (const auto& snapshot : snapshots_) {
      if (snapshot->head() && (!id || snapshot->head()->order < *id)) id = snapshot->head()->order;
    }
    return id;
  }

  Result<void> judge(const OrderId& id) {
    Operations operations;
    for (std::size_t i = 0; i < snapshots_.size(); ++i) {
      if (!snapshots_[i]->head() || snapshots_[i]->head()->order != id) continue;
      operations[i] = snapshots_[i]->head();
      if (auto next = snapshots_[i]->advance(); !next) return next;
    }
    if (!order_ || order_->id != id) {
      rules_.newer(id, operations);
      return {};
    }
    rules_.order(*order_, operations);
    return next_order();
  }

  OrderArchive& archive_;
  const GrpcAuditor::Channels& channels_;
  AuditRules rules_;
  std::optional<AuditedOrder> order_;
  std::array<std::unique_ptr<Snapshot>, saga::kPlan.size()> snapshots_;
};

}  // namespace

class GrpcAuditor::Worker {
 public:
  Worker(Storage& storage, const Channels& channels) : storage_(storage), channels_(channels) {}
  ~Worker() { pool_.join(); }

  void run(std::function<void(Result<AuditReport>)> done) {
    boost::asio::post(pool_, [this, done = std::move(done)] { done(audit()); });
  }

 private:
  Result<AuditReport> audit() {
    auto archive = storage_.open_archive();
    if (!archive) return tl::unexpected(archive.error());
    return Merge(**archive, channels_).run();
  }

  Storage& storage_;
  const Channels channels_;
  boost::asio::thread_pool pool_{1};
};

GrpcAuditor::GrpcAuditor(Storage& storage, const Channels& channels)
    : worker_(std::make_unique<Worker>(storage, channels)) {}

GrpcAuditor::~GrpcAuditor() = default;

void GrpcAuditor::run(std::function<void(Result<AuditReport>)> done) { worker_->run(std::move(done)); }

}  // namespace ldt::order
