// Two races on purpose, which ThreadSanitizer must report whatever thread.supp leaves out and grpc_order.cpp tells: one
// in the participants' shipped code, one between a caller and what gRPC calls back. Depends on the installed
// participant library and grpc++. What matters is the reports.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <thread>

#include "participant/book.h"

namespace {

/// A holding is changed in one thread and read in another, with nothing between them.
std::int64_t race_in_a_book() {
  ldt::participant::Book book;
  const auto account = book.add_name("ada");
  std::atomic<bool> changed{false};
  std::thread other([&] {
    book.set_holding(account, {.balance = 1});
    changed.store(true, std::memory_order_relaxed);
  });
  while (!changed.load(std::memory_order_relaxed)) std::this_thread::yield();
  const auto balance = book.holding(account).balance;
  other.join();
  return balance;
}

/// The caller and the callback of its call add to the same number.
void race_in_a_callback() {
  grpc::GenericStub stub(grpc::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  const grpc::Slice bytes("-");
  grpc::ByteBuffer request(&bytes, 1);
  grpc::ByteBuffer response;
  int number = 0;
  std::atomic<bool> ended{false};
  stub.UnaryCall(&context, "/ldt.None/None", {}, &request, &response, [&](const grpc::Status&) {
    ++number;
    ended.store(true, std::memory_order_relaxed);
  });
  ++number;
  while (!ended.load(std::memory_order_relaxed)) std::this_thread::yield();
}

}  // namespace

int main() {
  race_in_a_callback();
  return race_in_a_book() == 1 ? 0 : 1;
}
