#include "services/order/peers/peer_health.h"

#include <chrono>
#include <string>
#include <vector>

namespace ldt::order {
namespace {

constexpr char kMethod[] = "/grpc.health.v1.Health/Check";
constexpr std::chrono::milliseconds kAskAgain{1'000};   // one that serves
constexpr std::chrono::milliseconds kAskAgainSoon{50};  // one that does not
constexpr std::chrono::milliseconds kPatience{1'000};

/// HealthCheckResponse{status: SERVING}. Debian ships no generated code of the health service, and its messages are
/// this small: the request for the whole server is empty, the response one enum field.
bool says_serving(const grpc::ByteBuffer& response) {
  std::vector<grpc::Slice> slices;
  if (!response.Dump(&slices).ok()) return false;
  std::string bytes;
  for (const auto& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes == "\x08\x01";
}

}  // namespace

PeerHealth::PeerHealth(const std::shared_ptr<grpc::Channel>& channel) : channel_(channel), stub_(channel) {
  const grpc::Slice empty;
  request_ = grpc::ByteBuffer(&empty, 1);
}

PeerHealth::~PeerHealth() { stop(); }

void PeerHealth::start() {
  running_ = true;
  check();
}

void PeerHealth::check() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      running_ = false;
      idle_.notify_all();
      return;
    }
    context_ = std::make_unique<grpc::ClientContext>();
    context_->set_deadline(std::chrono::system_clock::now() + kPatience);
    context_->set_wait_for_ready(true);
    response_.Clear();
  }
  stub_.UnaryCall(context_.get(), kMethod, grpc::StubOptions(), &request_, &response_,
                  [this](const grpc::Status& status) { checked(status); });
}

void PeerHealth::checked(const grpc::Status& status) {
  const bool serving = status.ok() && says_serving(response_);
  serving_.store(serving, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  alarm_ = std::make_unique<grpc::Alarm>();
  const auto pause = stopping_ ? std::chrono::milliseconds(0) : serving ? kAskAgain : kAskAgainSoon;
  alarm_->Set(std::chrono::system_clock::now() + pause, [this](bool) { check(); });
}

void PeerHealth::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (alarm_) alarm_->Cancel();
  }
  if (context_) context_->TryCancel();  // not replaced any more; may answer on this very thread, so the mutex is free
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return !running_; });
}

}  // namespace ldt::order
