// Runs the readers' threads.
// Depends on platform/sqlite and threads.
#include "participant/server/readers.h"

#include <utility>

namespace ldt::participant {

Result<std::unique_ptr<Reader>> Reader::open(const std::string& path) {
  auto database = sqlite::Database::open_reader(path);
  if (!database) return tl::unexpected(database.error());
  return std::unique_ptr<Reader>(new Reader(std::move(*database)));
}

Result<sqlite::Statement*> Reader::statement(std::string_view sql) {
  const auto known = statements_.find(sql);
  if (known != statements_.end()) {
    known->second.reset();
    return &known->second;
  }
  auto prepared = database_.prepare(sql);
  if (!prepared) return tl::unexpected(prepared.error());
  return &statements_.emplace(sql, std::move(*prepared)).first->second;
}

Result<std::unique_ptr<Readers>> Readers::start(const std::string& path) {
  std::unique_ptr<Readers> readers(new Readers);
  for (std::size_t i = 0; i < kThreads; ++i) {
    auto reader = Reader::open(path);
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

void Readers::run(Reader& reader) {
  for (;;) {
    Work work;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work(reader);
  }
}

}  // namespace ldt::participant
