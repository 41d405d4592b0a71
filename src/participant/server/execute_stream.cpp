// Serves the stream of batches.
// Depends on grpc++ and the writer.
#include "participant/server/execute_stream.h"

#include <atomic>

#include "participant/server/wire.h"

namespace ldt::participant {

namespace {

/// Reads a batch, has it decided, writes the reply, reports, and only then reads the next: one batch under way at a
/// time.
class ExecuteStream final : public grpc::ServerBidiReactor<pb::Batch, pb::BatchReply>, public Job {
 public:
  explicit ExecuteStream(Host& host) : host_(host) {
    StartSendInitialMetadata();  // tells the client that somebody is here
    StartRead(&batch_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);  // the client has sent all it wanted, or is gone
    arrival_ = host_.reporter.arrived();
    start_reply();
    if (host_.writer.submit(*this)) return;
    refuse(pb::COMMAND_ERROR_OVERLOADED);
  }

  void OnWriteDone(bool ok) override {
    written_ = ok;
    next();
  }

  void OnDone() override { delete this; }

  [[nodiscard]] std::size_t size() const override { return static_cast<std::size_t>(batch_.commands_size()); }

  Result<void> decide(Decider& decider) override {
    start_reply();
    for (const auto& message : batch_.commands()) {
      auto& answer = *reply_.add_answers();
      const auto command = to_command(message);
      if (!command) {
        answer.set_error(pb::COMMAND_ERROR_INVALID);
        continue;
      }
      const auto decided = decider.participant.execute(*command, decider.now);
      if (!decided) return tl::unexpected(decided.error());
      fill(answer, *decided);
    }
    return {};
  }

  void durable() override {
    StartWrite(&reply_);
    for (int i = 0; i < batch_.commands_size(); ++i) report(batch_.commands(i), reply_.answers(i));
    next();
  }

  void failed(const Error&) override { refuse(pb::COMMAND_ERROR_UNKNOWN); }

 private:
  void start_reply() {
    reply_.Clear();
    reply_.set_number(batch_.number());
  }

  void refuse(pb::CommandError error) {
    start_reply();
    for (int i = 0; i < batch_.commands_size(); ++i) reply_.add_answers()->set_error(error);
    StartWrite(&reply_);
    next();
  }

  /// Called twice for each batch, when its reply is written and when it is reported; the second call goes on.
  void next() {
    if (pending_.fetch_sub(1) > 1) return;
    pending_ = 2;
    if (!written_) return Finish(grpc::Status::CANCELLED);
    StartRead(&batch_);
  }

  void report(const pb::Command& message, const pb::Answer& answer) {
    const auto order = OrderId::from_bytes(message.order_id());
    if (!order) return;
    const CommandError error = answer.error() == pb::COMMAND_ERROR_CONFLICT  ? CommandError::kConflict
                               : answer.error() == pb::COMMAND_ERROR_INVALID ? CommandError::kInvalid
                                                                             : CommandError::kNone;
    host_.reporter.report({.order = *order,
                           .verb = message.verb() == pb::VERB_UNDO ? Verb::kUndo : Verb::kDo,
                           .attempt = message.attempt(),
                           .sender = to_trace_context(message.trace()),
                           .answer = {static_cast<OperationState>(answer.state()), error, answer.replayed()}},
                          arrival_);
  }

  Host& host_;
  pb::Batch batch_;
  pb::BatchReply reply_;
  Arrival arrival_;
  bool written_ = false;
  std::atomic<int> pending_{2};
};

}  // namespace

grpc::ServerBidiReactor<pb::Batch, pb::BatchReply>* serve_execute(Host& host) { return new ExecuteStream(host); }

}  // namespace ldt::participant
