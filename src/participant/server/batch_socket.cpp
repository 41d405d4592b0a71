// Serves batches over a Unix socket.
// Depends on platform/frames, protobuf and the writer.
#include "participant/server/batch_socket.h"

#include <array>
#include <condition_variable>
#include <mutex>
#include <string_view>

#include "participant/server/batch_work.h"

namespace ldt::participant {

namespace {

using frames::FrameConnection;

/// One batch at a time: taken on the connection's thread, decided and answered on it, too, or on the writer's where
/// that is at work just then.
class BatchJob final : public Job {
 public:
  BatchJob(Host& host, FrameConnection& connection) : host_(host), connection_(connection), work_(host) {}

  /// Waits for the batch before it. False: it is not a batch.
  bool take(std::string_view frame) {
    wait();
    if (!work_.batch().ParseFromArray(frame.data(), static_cast<int>(frame.size()))) return false;
    work_.begin();
    set_busy(true);
    if (!host_.writer.perform(*this)) refuse(pb::COMMAND_ERROR_OVERLOADED);
    return true;
  }
  void wait() {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return !busy_; });
  }

  [[nodiscard]] std::size_t size() const override { return work_.size(); }
  void list(Touched& touched) const override { work_.list(touched); }
  Result<void> decide(Decider& decider) override { return work_.decide(decider); }

  void durable() override {
    work_.durable();
    answer();
    work_.report();
    set_busy(false);
  }
  void failed(const Error&) override { refuse(pb::COMMAND_ERROR_UNKNOWN); }

 private:
  void refuse(pb::CommandError error) {
    work_.refuse(error);
    answer();
    set_busy(false);
  }
  void answer() {
    bytes_.clear();
    if (!work_.reply().AppendToString(&bytes_) || !connection_.send(bytes_)) connection_.close();
  }
  /// The last that is done with it: whoever waits may destroy it then.
  void set_busy(bool busy) {
    const std::lock_guard lock(mutex_);
    busy_ = busy;
    if (!busy) idle_.notify_all();
  }

  Host& host_;
  FrameConnection& connection_;
  BatchWork work_;
  std::string bytes_;

  std::mutex mutex_;
  std::condition_variable idle_;
  bool busy_ = false;
};

/// Two jobs take turns: the next batch may arrive while the last one, answered, is still being reported.
void serve(Host& host, FrameConnection& connection) {
  std::array<BatchJob, 2> jobs{BatchJob(host, connection), BatchJob(host, connection)};
  std::size_t turn = 0;
  connection.send({});
  connection.run([&](std::string_view frame) {
    if (!jobs.at(turn).take(frame)) connection.close();
    turn = (turn + 1) % jobs.size();
  });
  for (auto& job : jobs) job.wait();
}

}  // namespace

Result<std::unique_ptr<frames::Listener>> serve_batches(const std::string& path, Host& host) {
  return frames::Listener::start(path, [&host](FrameConnection& connection) { serve(host, connection); });
}

}  // namespace ldt::participant
