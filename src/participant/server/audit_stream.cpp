// Streams the audit: each page is read on a reader's thread after the last one has been taken.
// Depends on grpc++, audit.h and the readers' threads.
#include "participant/server/audit_stream.h"

#include <memory>
#include <utility>

#include "participant/server/wire.h"
#include "participant/storage/storage.h"
#include "platform/grpc/status.h"

namespace ldt::participant {

namespace {

constexpr int kOperationsOnAPage = 1000;

class AuditStream final : public grpc::ServerWriteReactor<pb::AuditPage> {
 public:
  explicit AuditStream(Host& host) : host_(host) { read_next(); }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::CANCELLED);
    if (page_.has_totals()) return Finish(grpc::Status::OK);
    read_next();
  }

  void OnDone() override { delete this; }

 private:
  void read_next() {
    if (host_.readers.submit([this](Reads&) { send_page(); })) return;
    Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many reads are waiting"});
  }

  void send_page() {
    page_.Clear();
    if (auto read = read_page(); !read) return Finish(rpc::to_status(read.error()));
    StartWrite(&page_);
  }

  Result<void> read_page() {
    if (!audit_) {
      auto opened = host_.storage.open_audit(host_.rules.terms());
      if (!opened) return tl::unexpected(opened.error());
      audit_ = std::move(*opened);
    }
    while (page_.operations_size() < kOperationsOnAPage) {
      auto operation = audit_->next();
      if (!operation) return tl::unexpected(operation.error());
      if (!*operation) return add_totals();
      add(std::move(**operation));
    }
    return {};
  }

  void add(AuditedOperation operation) {
    auto& message = *page_.add_operations();
    message.set_order_id(operation.order.bytes.data(), operation.order.bytes.size());
    message.set_state(to_wire(operation.state));
    message.set_holder(std::move(operation.holder));
    message.set_item(std::move(operation.item));
    message.set_amount(operation.amount);
  }

  Result<void> add_totals() {
    auto totals = audit_->totals();
    if (!totals) return tl::unexpected(totals.error());
    auto& message = *page_.mutable_totals();
    message.set_put_in(totals->put_in);
    message.set_held(totals->held);
    for (auto& violation : totals->violations) message.add_violations(std::move(violation));
    return {};
  }

  Host& host_;
  std::unique_ptr<Audit> audit_;
  pb::AuditPage page_;
};

}  // namespace

grpc::ServerWriteReactor<pb::AuditPage>* serve_audit(Host& host) { return new AuditStream(host); }

}  // namespace ldt::participant
