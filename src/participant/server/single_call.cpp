// Serves commands that travel alone; here failure instructions strike.
// Depends on grpc++ and the writer.
#include "participant/server/single_call.h"

#include <grpcpp/alarm.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <optional>
#include <utility>

#include "base/exit_codes.h"
#include "platform/grpc/status.h"

namespace ldt::participant {

namespace {

class SingleCall final : public grpc::ServerUnaryReactor, public Job {
 public:
  SingleCall(Host& host, SingleRequest request, std::function<void(const SingleAnswer&)> fill)
      : host_(host), request_(std::move(request)), fill_(std::move(fill)), arrival_(host.reporter.arrived()) {}

  void start() {
    if (!host_.writer.submit(*this)) Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many commands are waiting"});
  }

  [[nodiscard]] std::size_t size() const override { return 1; }

  Result<void> decide(Decider& decider) override {
    auto strikes = decider.journal.strikes(request_.order);
    if (!strikes) return tl::unexpected(strikes.error());
    answer_.strikes = std::move(*strikes);
    if (auto struck = strike(decider); !struck) return struck;
    if (struck_ && !takes_effect(*struck_)) return {};

    const bool refuse = struck_ && struck_->kind == FailureKind::kRefuse;
    const Command command{request_.order, request_.verb, request_.holder, request_.item, request_.amount};
    const auto decided = decider.participant.execute(command, decider.now, refuse);
    if (!decided) return tl::unexpected(decided.error());
    answer_.answer = *decided;
    return {};
  }

  void durable() override {
    report();
    if (!struck_) return answer();
    switch (struck_->kind) {
      case FailureKind::kTimeout:
        return stay_silent();
      case FailureKind::kUnknown:
        return Finish({grpc::StatusCode::UNKNOWN, "a failure instruction struck: the effect is not told"});
      case FailureKind::kCrash:
        crash();
      case FailureKind::kDelay:
        return answer_later();
      case FailureKind::kRefuse:
        return answer();
    }
  }

  void failed(const Error& error) override { Finish({grpc::StatusCode::UNKNOWN, error.detail}); }

  void OnCancel() override {
    std::unique_lock lock(mutex_);
    cancelled_ = true;
    if (waiting_ == Waiting::kForAlarm) return alarm_.Cancel();
    if (waiting_ == Waiting::kForCancel) {
      waiting_ = Waiting::kForNothing;
      lock.unlock();
      Finish(grpc::Status::CANCELLED);
    }
  }

  void OnDone() override { delete this; }

 private:
  enum class Waiting { kForNothing, kForCancel, kForAlarm };

  /// Chooses the instruction that strikes this attempt and counts it.
  Result<void> strike(Decider& decider) {
    struck_.reset();
    if (request_.failures.empty()) return {};
    const auto operation = decider.participant.recall(request_.order);
    if (!operation) return tl::unexpected(operation.error());
    const auto chosen = choose_strike(request_.failures, request_.attempt, operation->state == OperationState::kNone);
    if (chosen.instruction == nullptr) return {};
    struck_ = *chosen.instruction;
    return record(decider, {chosen.instruction->index, chosen.count});
  }

  /// An attempt that is repeated, by a connection that broke or an engine that recovered, counts once.
  Result<void> record(Decider& decider, const Strike& strike) {
    auto& strikes = answer_.strikes;
    const auto same =
        std::find_if(strikes.begin(), strikes.end(), [&](const Strike& known) { return known.index == strike.index; });
    if (same != strikes.end() && same->count >= strike.count) return {};
    if (same != strikes.end()) strikes.erase(same);
    strikes.push_back(strike);
    return decider.journal.set_strike(request_.order, strike);
  }

  void answer() {
    switch (answer_.answer.error) {
      case CommandError::kNone:
        fill_(answer_);
        return Finish(grpc::Status::OK);
      case CommandError::kConflict:
        return Finish({grpc::StatusCode::ALREADY_EXISTS, "the order is known with another payload"});
      case CommandError::kInvalid:
        return Finish({grpc::StatusCode::INVALID_ARGUMENT, "a name or an amount is out of bounds"});
    }
  }

  /// Never answers: the call ends when the client's deadline does.
  void stay_silent() {
    {
      const std::lock_guard lock(mutex_);
      if (!cancelled_) {
        waiting_ = Waiting::kForCancel;
        return;
      }
    }
    Finish(grpc::Status::CANCELLED);
  }

  void answer_later() {
    const std::lock_guard lock(mutex_);
    waiting_ = Waiting::kForAlarm;
    const auto delay = cancelled_ ? std::chrono::milliseconds{} : struck_->delay;
    alarm_.Set(std::chrono::system_clock::now() + delay, [this](bool) {
      {
        const std::lock_guard alarm_lock(mutex_);
        waiting_ = Waiting::kForNothing;
      }
      answer();
    });
  }

  [[noreturn]] void crash() {
    std::fprintf(stderr, "a CRASH instruction struck\n");
    host_.reporter.flush();
    ::_exit(kStruckExitCode);
  }

  void report() {
    host_.reporter.report({.order = request_.order,
                           .verb = request_.verb,
                           .attempt = request_.attempt,
                           .sender = request_.sender,
                           .answer = answer_.answer,
                           .struck = struck_ ? to_string(struck_->kind) : std::string_view{}},
                          arrival_);
  }

  Host& host_;
  SingleRequest request_;
  std::function<void(const SingleAnswer&)> fill_;
  Arrival arrival_;
  SingleAnswer answer_;
  std::optional<FailureInstruction> struck_;

  std::mutex mutex_;
  bool cancelled_ = false;
  Waiting waiting_ = Waiting::kForNothing;
  grpc::Alarm alarm_;
};

grpc::ServerUnaryReactor* finished(grpc::CallbackServerContext* context, const grpc::Status& status) {
  auto* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

}  // namespace

grpc::ServerUnaryReactor* serve_single(Host& host, grpc::CallbackServerContext* context, Result<SingleRequest> request,
                                       std::function<void(const SingleAnswer&)> fill) {
  if (!request) return finished(context, rpc::to_status(request.error()));
  if (!request->failures.empty() && !host.allow_failures) {
    return finished(context, {grpc::StatusCode::PERMISSION_DENIED, "failure instructions are not allowed here"});
  }
  auto* call = new SingleCall(host, std::move(*request), std::move(fill));
  call->start();
  return call;
}

}  // namespace ldt::participant
