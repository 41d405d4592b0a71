// A participant's batch as far as it is pure: every command decided on the book, then the book's commit. The journal
// keeps nothing, so what is left out is exactly what SQLite does.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bench/fail.h"
#include "participant/book.h"
#include "participant/participant.h"
#include "services/payment/rules.h"

namespace {

using namespace ldt;
using namespace ldt::participant;

constexpr std::size_t kUsers = 100'000;
constexpr std::int64_t kPlenty = 1'000'000'000'000;

class ForgetfulJournal final : public Journal {
 public:
  Result<std::optional<Operation>> find(const OrderId&) override { return std::nullopt; }
  Result<void> append(const JournalRow& row) override {
    benchmark::DoNotOptimize(row.delta);
    return {};
  }
  Result<void> add_name(NameId, std::string_view) override { return {}; }
  Result<std::optional<std::string>> find_key(std::string_view) override { return std::nullopt; }
  Result<void> add_key(std::string_view, std::string_view, std::int64_t) override { return {}; }
};

/// Payment with many accounts that are open already.
struct World {
  World() {
    for (std::size_t i = 0; i < kUsers; ++i) {
      users.push_back("user-" + std::to_string(i));
      const bool granted = participant.grant(users.back(), kPlenty, "", WallTime{}).has_value();
      if (!granted) std::abort();
    }
    book.commit();
  }

  Result<Answer> charge(std::size_t user) {
    const WallTime now{static_cast<std::int64_t>(++orders) * 30};
    return participant.execute({ids.next(now, orders * 0x9E3779B97F4A7C15U), Verb::kDo, users[user], "", 1}, now);
  }

  payment::Rules rules;
  Book book;
  ForgetfulJournal journal;
  Participant participant{rules, book, journal};
  std::vector<std::string> users;
  OrderIdGenerator ids;
  std::uint64_t orders = 0;
};

/// @param spread  over so many users
void charge_batch(benchmark::State& state, std::size_t spread) {
  static World world;
  const auto batch = state.range(0);
  std::uint64_t random = 1;
  for ([[maybe_unused]] auto _ : state) {
    for (std::int64_t i = 0; i < batch; ++i) {
      random = random * 6364136223846793005U + 1442695040888963407U;
      const auto answer = world.charge((random >> 33U) % spread);
      if (!answer || answer->state != kDone) return ldt::testing::fail(state, "a charge was refused");
    }
    world.book.commit();
  }
  state.SetItemsProcessed(state.iterations() * batch);  // charges
}

BENCHMARK_CAPTURE(charge_batch, of_100000_users, kUsers)->Arg(1)->Arg(16)->Arg(256)->Arg(1024);
BENCHMARK_CAPTURE(charge_batch, of_one_user, 1)->Arg(256);

}  // namespace
