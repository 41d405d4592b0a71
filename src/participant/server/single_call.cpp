// Serves commands that travel alone, and performs what strikes them.
// Depends on grpc++ and the writer.
#include "participant/server/single_call.h"

#include <grpcpp/alarm.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <mutex>
#include <utility>

#include "base/exit_codes.h"
#include "platform/grpc/status.h"

namespace ldt::participant {

namespace {

class SingleCall final : public grpc::ServerUnaryReactor, public Job {
 public:
  SingleCall(Host& host, SingleRequest request, std::function<void(const SingleAnswer&)> fill)
      : host_(host), command_(std::move(request)), fill_(std::move(fill)), arrival_(host.reporter.arrived()) {}

  void start() {
    if (!host_.writer.submit(*this)) Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many commands are waiting"});
  }

  [[nodiscard]] std::size_t size() const override { return 1; }

  void list(Touched& touched) const override { command_.list(touched); }

  Result<void> decide(Decider& decider) override { return command_.decide(decider); }

  void durable() override {
    report();
    switch (command_.fate()) {
      case Fate::kAnswer:
        return answer();
      case Fate::kAnswerLate:
        return answer_later();
      case Fate::kSilence:
        return stay_silent();
      case Fate::kUnknown:
        return Finish({grpc::StatusCode::UNKNOWN, "a failure instruction struck: the effect is not told"});
      case Fate::kCrash:
        crash();
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

  void answer() {
    switch (command_.answer().answer.error) {
      case CommandError::kNone:
        fill_(command_.answer());
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
    const auto delay = cancelled_ ? std::chrono::milliseconds{} : command_.delay();
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
    host_.reporter.report({.order = command_.request().order,
                           .verb = command_.request().verb,
                           .attempt = command_.request().attempt,
                           .sender = command_.request().sender,
                           .answer = command_.answer().answer,
                           .struck = command_.struck()},
                          arrival_, host_.reporter.now());
  }

  Host& host_;
  SingleCommand command_;
  std::function<void(const SingleAnswer&)> fill_;
  Arrival arrival_;

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
