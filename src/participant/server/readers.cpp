// Runs the readers' threads.
#include "participant/server/readers.h"

#include <utility>

namespace ldt::participant {

Result<std::unique_ptr<Readers>> Readers::start(Storage& storage) {
  std::unique_ptr<Readers> readers(new Readers);
  for (std::size_t i = 0; i < kThreads; ++i) {
    auto reader = storage.open_reads();
    if (!reader) return tl::unexpected(reader.error());
    readers->connections_.push_back(std::move(*reader));
  }
  for (auto& reader : readers->connections_) {
    readers->threads_.emplace_back([pool = readers.get(), connection = reader.get()] { pool->run(*connection); });
  }
  return readers;
}

bool Readers::submit(Work work) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || queue_.size() >= kMaxQueued) return false;
  queue_.push_back(std::move(work));
  wake_.notify_one();
  return true;
}

void Readers::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Readers::run(Reads& reads) {
  for (;;) {
    Work work;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work(reads);
  }
}

}  // namespace ldt::participant
