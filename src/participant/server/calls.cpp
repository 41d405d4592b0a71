// Reads and operators' changes as unary calls.
// Depends on grpc++, the writer and the readers.
#include "participant/server/calls.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "platform/grpc/status.h"

namespace ldt::participant {

namespace {

grpc::Status status_of(OperatorError error) {
  switch (error) {
    case OperatorError::kNone:
      return grpc::Status::OK;
    case OperatorError::kNotFound:
      return {grpc::StatusCode::NOT_FOUND, "there is no such holder"};
    case OperatorError::kConflict:
      return {grpc::StatusCode::ALREADY_EXISTS, "this idempotency key came with another request before"};
    case OperatorError::kLimit:
      return {grpc::StatusCode::OUT_OF_RANGE, "more than can be held"};
  }
  return {grpc::StatusCode::INTERNAL, "unexpected"};
}

/// Deletes itself once it is answered.
class ChangeJob final : public Job {
 public:
  ChangeJob(grpc::ServerUnaryReactor* reactor, ChangeOf of, std::function<Result<OperatorAnswer>(Decider&)> change,
            std::function<void(const OperatorAnswer&)> fill)
      : reactor_(reactor), of_(of), change_(std::move(change)), fill_(std::move(fill)) {}

  [[nodiscard]] std::size_t size() const override { return 1; }

  void list(Touched& touched) const override { touched.change(of_.holder, of_.key); }

  Result<void> decide(Decider& decider) override {
    auto answer = change_(decider);
    if (!answer) return tl::unexpected(answer.error());
    answer_ = *answer;
    return {};
  }

  void durable() override {
    if (answer_.error == OperatorError::kNone) fill_(answer_);
    finish(status_of(answer_.error));
  }

  void failed(const Error& error) override {
    const bool was_not_begun = error.kind == ErrorKind::kUnavailable;
    finish(was_not_begun ? rpc::to_status(error) : grpc::Status{grpc::StatusCode::UNKNOWN, error.detail});
  }

 private:
  void finish(const grpc::Status& status) {
    reactor_->Finish(status);
    delete this;
  }

  grpc::ServerUnaryReactor* reactor_;
  const ChangeOf of_;
  std::function<Result<OperatorAnswer>(Decider&)> change_;
  std::function<void(const OperatorAnswer&)> fill_;
  OperatorAnswer answer_;
};

}  // namespace

grpc::ServerUnaryReactor* serve_status(grpc::CallbackServerContext* context, const Error& error) {
  auto* reactor = context->DefaultReactor();
  reactor->Finish(rpc::to_status(error));
  return reactor;
}

grpc::ServerUnaryReactor* serve_read(Host& host, grpc::CallbackServerContext* context,
                                     std::function<Result<void>(Reads&)> read) {
  auto* reactor = context->DefaultReactor();
  const bool queued = host.readers.submit([reactor, read = std::move(read)](Reads& reads) {
    const auto done = read(reads);
    reactor->Finish(done ? grpc::Status::OK : rpc::to_status(done.error()));
  });
  if (!queued) reactor->Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many reads are waiting"});
  return reactor;
}

grpc::ServerUnaryReactor* serve_change(Host& host, grpc::CallbackServerContext* context, ChangeOf of,
                                       std::function<Result<OperatorAnswer>(Decider&)> change,
                                       std::function<void(const OperatorAnswer&)> fill) {
  auto* reactor = context->DefaultReactor();
  auto job = std::make_unique<ChangeJob>(reactor, of, std::move(change), std::move(fill));
  if (host.writer.submit(*job)) {
    static_cast<void>(job.release());
  } else {
    reactor->Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many commands are waiting"});
  }
  return reactor;
}

Result<std::uint32_t> page_limit(std::uint32_t limit) {
  constexpr std::uint32_t kDefault = 100;
  constexpr std::uint32_t kMost = 1000;
  if (limit > kMost) return failure(ErrorKind::kInvalid, "limit: above 1000");
  return limit == 0 ? kDefault : limit;
}

std::int64_t before(std::uint64_t seq) {
  constexpr auto kNone = std::numeric_limits<std::int64_t>::max();
  return seq == 0 ? kNone : static_cast<std::int64_t>(std::min(seq, static_cast<std::uint64_t>(kNone)));
}

}  // namespace ldt::participant
