// A participant's storage for a test: SQLite in a folder, or a schema of a fresh database; and jobs to give it.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "participant/storage/job.h"
#include "participant/storage/postgres/postgres_storage.h"
#include "participant/storage/postgres/schema.h"
#include "participant/storage/sqlite/schema.h"
#include "participant/storage/sqlite/sqlite_storage.h"
#include "platform/postgres/schema.h"
#include "support/process.h"
#include "unit/support/shared_server.h"

namespace ldt::participant {

/// n-th order's id: later numbers sort later.
inline OrderId order_of(std::uint64_t number) {
  return OrderIdGenerator().next(WallTime{1'700'000'000'000'000 + static_cast<std::int64_t>(number) * 1000}, number);
}

/// Commands of one sender, as they arrive together.
class CommandsJob final : public Job {
 public:
  struct Wanted {
    OrderId order;
    Verb verb = Verb::kDo;
    std::string holder;
    std::string item;
    std::int64_t amount = 0;
  };
  explicit CommandsJob(std::vector<Wanted> wanted) : wanted_(std::move(wanted)) {}

  [[nodiscard]] std::size_t size() const override { return wanted_.size(); }
  void list(Touched& touched) const override {
    for (const auto& wanted : wanted_) touched.command(to_command(wanted));
  }
  [[nodiscard]] Result<void> decide(Decider& decider) override {
    answers.clear();
    for (const auto& wanted : wanted_) {
      const auto answer = decider.participant.execute(to_command(wanted), decider.now);
      if (!answer) return tl::unexpected(answer.error());
      answers.push_back(*answer);
    }
    return {};
  }
  void durable() override { is_durable = true; }
  void failed(const Error& error) override { failure = error; }

  std::vector<Answer> answers;
  bool is_durable = false;
  std::optional<Error> failure;

 private:
  static Command to_command(const Wanted& wanted) {
    return {wanted.order, wanted.verb, wanted.holder, wanted.item, wanted.amount};
  }
  const std::vector<Wanted> wanted_;
};

/// An operator's grant or price.
class ChangeJob final : public Job {
 public:
  ChangeJob(std::string holder, std::int64_t amount, std::string key = {}, bool price = false)
      : holder_(std::move(holder)), amount_(amount), key_(std::move(key)), price_(price) {}

  [[nodiscard]] std::size_t size() const override { return 1; }
  void list(Touched& touched) const override { touched.change(holder_, key_); }
  [[nodiscard]] Result<void> decide(Decider& decider) override {
    auto done = price_ ? decider.participant.set_price(holder_, amount_, decider.now)
                       : decider.participant.grant(holder_, amount_, key_, decider.now);
    if (!done) return tl::unexpected(done.error());
    answer = *done;
    return {};
  }
  void durable() override { is_durable = true; }
  void failed(const Error& error) override { failure = error; }

  OperatorAnswer answer;
  bool is_durable = false;
  std::optional<Error> failure;

 private:
  const std::string holder_;
  const std::int64_t amount_;
  const std::string key_;
  const bool price_;
};

/// Where the storages of one test are. Each make() is a replica, or (SQLite) the one that there may be.
class Place {
 public:
  virtual ~Place() = default;
  [[nodiscard]] virtual std::unique_ptr<Storage> make() = 0;
};

class SqlitePlace final : public Place {
 public:
  [[nodiscard]] std::unique_ptr<Storage> make() override {
    const auto migrations = participant::migrations("");
    return std::move(*SqliteStorage::open(folder_.path() / "participant.db", migrations));
  }

 private:
  ldt::testing::TemporaryFolder folder_;
};

class PostgresPlace final : public Place {
 public:
  PostgresPlace() : url_(ldt::testing::shared_server().make_database()) {
    const std::string_view migrations[] = {kPostgresSchema};
    const auto connection = connect();
    if (!postgres::migrate(*connection, "ldt_test", migrations)) throw std::runtime_error("cannot migrate");
  }
  [[nodiscard]] std::unique_ptr<Storage> make() override {
    return std::make_unique<PostgresStorage>(options(), std::vector<std::string>{});
  }
  [[nodiscard]] postgres::ConnectionOptions options() const {
    return {.url = url_, .schema = "ldt_test", .application_name = "tests"};
  }
  [[nodiscard]] std::unique_ptr<postgres::Connection> connect() const {
    auto opened = postgres::Connection::open(options());
    if (!opened) throw std::runtime_error(opened.error().detail);
    return std::move(*opened);
  }

 private:
  const std::string url_;
};

}  // namespace ldt::participant
