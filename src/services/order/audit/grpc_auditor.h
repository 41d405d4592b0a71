// Audits the running services: one snapshot of the orders first, then one of each participant, merged by order id.
// Depends on the generated gRPC code. Invariant: the orders' snapshot is older than the others, so a finished order in
// it is finished everywhere, and an operation without an order in it belongs to one accepted since.
#pragma once

#include <functional>
#include <memory>

#include "services/order/audit.h"
#include "services/order/storage/storage.h"

namespace grpc {
class Channel;
}

namespace ldt::order {

class GrpcAuditor final : public Auditor {
 public:
  using Channels = std::array<std::shared_ptr<grpc::Channel>, saga::kPlan.size()>;  // by saga::Participant
  /// `storage` must outlive it.
  GrpcAuditor(Storage& storage, const Channels& channels);
  ~GrpcAuditor() override;

  /// Audits one after the other, on a thread of its own.
  void run(std::function<void(Result<AuditReport>)> done) override;

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace ldt::order
