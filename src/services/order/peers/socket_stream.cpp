// The client's side of a participant's batch socket.
// Depends on platform/frames and threads.
#include "services/order/peers/socket_stream.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "platform/frames/unix_socket.h"

namespace ldt::order {

namespace {

constexpr std::chrono::milliseconds kConnectAgainAfter{20};

class SocketStream final : public BatchStream {
 public:
  SocketStream(std::string path, BatchEvents& events) : path_(std::move(path)), events_(events) {}

  void start(std::shared_ptr<BatchStream> self) override {
    std::thread([this, self = std::move(self)]() mutable {
      run();
      events_.stream_broke();
      BatchEvents& events = events_;
      self.reset();  // nothing of it is left when the link hears of its end
      events.stream_ended();
    }).detach();
  }

  bool write() override {
    bytes_.clear();
    const bool made = batch().AppendToString(&bytes_);
    if (!made || !connection_->send(bytes_)) connection_->close();
    return true;
  }

  void cancel() override {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    if (connection_) connection_->close();
    wake_.notify_all();
  }

 private:
  void run() {
    if (!connect()) return;
    bool greeted = false;
    connection_->run([&](std::string_view frame) {
      if (!std::exchange(greeted, true)) return events_.stream_alive();  // the greeting is empty
      if (!reply_.ParseFromArray(frame.data(), static_cast<int>(frame.size()))) return connection_->close();
      events_.stream_alive();
      events_.stream_answered(reply_);
    });
  }

  /// Tries until somebody listens. False: cancelled.
  bool connect() {
    for (;;) {
      auto socket = frames::connect(path_);
      std::unique_lock lock(mutex_);
      if (cancelled_) return false;
      if (socket) {
        connection_.emplace(std::move(*socket));
        return true;
      }
      wake_.wait_for(lock, kConnectAgainAfter, [this] { return cancelled_; });
    }
  }

  const std::string path_;
  BatchEvents& events_;
  std::string bytes_;  // write()'s
  participant::v1::BatchReply reply_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool cancelled_ = false;
  std::optional<frames::FrameConnection> connection_;  // made before anybody hears that somebody is there; stays
};

}  // namespace

std::shared_ptr<BatchStream> make_socket_stream(std::string path, BatchEvents& events) {
  return std::make_shared<SocketStream>(std::move(path), events);
}

}  // namespace ldt::order
