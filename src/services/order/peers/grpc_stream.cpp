// The client's side of the stream Execute.
// Depends on grpc++'s callback API.
#include "services/order/peers/grpc_stream.h"

#include <utility>

namespace ldt::order {

namespace {

/// A read is always outstanding, and a hold keeps the stream usable until that read fails.
class GrpcStream final : public BatchStream, public BatchReactor {
 public:
  GrpcStream(ParticipantCalls& calls, BatchEvents& events) : events_(events) {
    context_.set_wait_for_ready(true);
    calls.open_stream(&context_, this);
    AddHold();  // after this, write() may be called
  }

  void start(std::shared_ptr<BatchStream> self) override {
    self_ = std::move(self);
    StartRead(&reply_);
    StartCall();
  }
  bool write() override {
    StartWrite(&batch());
    return false;
  }
  void cancel() override { context_.TryCancel(); }

  void OnReadInitialMetadataDone(bool ok) override {
    if (ok) events_.stream_alive();
  }
  void OnWriteDone(bool ok) override {
    if (ok) events_.stream_wrote();
  }
  void OnReadDone(bool ok) override {
    if (!ok) {
      events_.stream_broke();
      RemoveHold();
      return;
    }
    events_.stream_alive();
    events_.stream_answered(reply_);
    StartRead(&reply_);
  }
  void OnDone(const grpc::Status&) override {
    const auto self = std::move(self_);
    events_.stream_ended();
  }

 private:
  BatchEvents& events_;
  std::shared_ptr<BatchStream> self_;
  grpc::ClientContext context_;
  participant::v1::BatchReply reply_;
};

}  // namespace

std::shared_ptr<BatchStream> make_grpc_stream(ParticipantCalls& calls, BatchEvents& events) {
  return std::make_shared<GrpcStream>(calls, events);
}

}  // namespace ldt::order
