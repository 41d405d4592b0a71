// Serves the stream of batches.
// Depends on grpc++ and the writer.
#include "participant/server/execute_stream.h"

#include <atomic>

#include "participant/server/batch_work.h"

namespace ldt::participant {

namespace {

/// Reads a batch, has it decided, writes the reply, reports, and only then reads the next: one batch under way at a
/// time.
class ExecuteStream final : public grpc::ServerBidiReactor<pb::Batch, pb::BatchReply>, public Job {
 public:
  explicit ExecuteStream(Host& host) : host_(host), work_(host) {
    StartSendInitialMetadata();  // tells the client that somebody is here
    StartRead(&work_.batch());
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);  // the client has sent all it wanted, or is gone
    work_.begin();
    if (!host_.writer.submit(*this)) refuse(pb::COMMAND_ERROR_OVERLOADED);
  }

  void OnWriteDone(bool ok) override {
    written_ = ok;
    next();
  }

  void OnDone() override { delete this; }

  [[nodiscard]] std::size_t size() const override { return work_.size(); }
  void list(Touched& touched) const override { work_.list(touched); }
  Result<void> decide(Decider& decider) override { return work_.decide(decider); }

  void durable() override {
    work_.durable();
    StartWrite(&work_.reply());
    work_.report();
    next();
  }

  void failed(const Error&) override { refuse(pb::COMMAND_ERROR_UNKNOWN); }

 private:
  void refuse(pb::CommandError error) {
    work_.refuse(error);
    StartWrite(&work_.reply());
    next();
  }

  /// Called twice for each batch, when its reply is written and when it is reported; the second call goes on.
  void next() {
    if (pending_.fetch_sub(1) > 1) return;
    pending_ = 2;
    if (!written_) return Finish(grpc::Status::CANCELLED);
    StartRead(&work_.batch());
  }

  Host& host_;
  BatchWork work_;
  bool written_ = false;
  std::atomic<int> pending_{2};
};

}  // namespace

grpc::ServerBidiReactor<pb::Batch, pb::BatchReply>* serve_execute(Host& host) { return new ExecuteStream(host); }

}  // namespace ldt::participant
