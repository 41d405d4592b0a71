// Any rows in a participant's database: it is loaded, with every operation in a state that there is, or found broken;
// commands on what was loaded are decided; and the audit reads it all.
// Depends on the participant's storage and sqlite3.
#include <memory>

#include "fuzz/require.h"
#include "fuzz/rows.h"
#include "participant/participant.h"
#include "participant/storage/sqlite/schema.h"
#include "participant/storage/sqlite/sqlite_audit.h"
#include "participant/storage/sqlite/store.h"

namespace {

using namespace ldt;
using namespace ldt::participant;

class AccountRules final : public Rules {
 public:
  [[nodiscard]] const Terms& terms() const override { return kTerms; }
  [[nodiscard]] bool valid_holder(std::string_view name) const override { return !name.empty(); }
  [[nodiscard]] bool valid_item(std::string_view name) const override { return name.empty(); }
  [[nodiscard]] std::optional<std::int64_t> opening() const override { return 500; }
  [[nodiscard]] bool accepts(const Holding& holding, std::int64_t amount) const override {
    return holding.balance >= amount;
  }
  static constexpr Terms kTerms{.do_step = "payment.charge",
                                .undo_step = "payment.refund",
                                .refusal = "NO",
                                .max_amount = 1'000'000,
                                .max_balance = 1'000'000'000};
};

const std::string& database() {
  static const std::string path = fuzz::folder() + "/payment.db";
  return path;
}

struct World {
  World() : intruder(((store = std::move(*Store::open(database(), {.migrations = migrations}))), database())) {}
  const decltype(participant::migrations("")) migrations = participant::migrations("");
  std::unique_ptr<Store> store;
  fuzz::Intruder intruder;
};

std::string id(int n) { return "x'01932c0ea1b47000800000000000000" + std::to_string(n) + "'"; }

void write_rows(fuzz::Intruder& intruder, FuzzedDataProvider& input) {
  const auto names = input.ConsumeIntegralInRange(1, 3);
  for (int n = 1; n <= names; ++n)
    intruder.insert("name", {std::to_string(n), "'user " + std::to_string(n) + "'"}, input);
  const auto rows = input.ConsumeIntegralInRange(0, 6);
  for (int seq = 1; seq <= rows; ++seq) {
    const int kind = input.ConsumeIntegralInRange(1, 4);
    const bool operation = kind == 2 || kind == 3;
    const int order = input.ConsumeIntegralInRange(1, 3);
    intruder.insert("journal",
                    {std::to_string(seq), "1700000000000000", std::to_string(kind),
                     operation ? std::to_string(kind == 2 ? 1 : 4) : "NULL", operation ? id(order) : "NULL", "1",
                     "NULL", "10", kind == 2 ? "-10" : "10", std::to_string(seq - 1)},
                    input);
  }
  if (input.ConsumeBool()) intruder.insert("holding", {"1", "500", "500", "0", "0"}, input);
  if (input.ConsumeBool())
    intruder.run("UPDATE projection SET projected_seq = " + std::to_string(input.ConsumeIntegralInRange(-1, 9)));
}

void check_operations(World& world, Book& book) {
  const AccountRules rules;
  auto transaction = world.store->begin();
  REQUIRE(transaction.has_value());
  Participant participant(rules, book, *world.store);
  for (int n = 1; n <= 3; ++n) {
    std::string bytes("\x01\x93\x2c\x0e\xa1\xb4\x70\x00\x80\x00\x00\x00\x00\x00\x00\x00", 16);
    bytes.back() = static_cast<char>(n);
    const auto order = *OrderId::from_bytes(bytes);
    const auto known = participant.recall(order);
    if (known) REQUIRE(to_string(known->state) != "");
    for (const auto verb : {Verb::kUndo, Verb::kDo}) {
      const auto answer = participant.execute({order, verb, "user 1", "", 10}, WallTime{1});
      if (answer && answer->error == CommandError::kNone) REQUIRE(answer->state != OperationState::kNone);
    }
  }
  for (NameId name = 1; name <= book.name_count(); ++name) static_cast<void>(book.holding(name));
  book.rollback();
}

void audit() {
  const auto audit = SqliteAudit::open(database(), AccountRules::kTerms);
  if (!audit) return;
  auto operation = (*audit)->next();
  while (operation && *operation) {
    REQUIRE(to_string((*operation)->state) != "");
    operation = (*audit)->next();
  }
  if (operation) static_cast<void>((*audit)->totals());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static World world;
  FuzzedDataProvider input(data, size);
  world.intruder.run(
      "BEGIN; DELETE FROM journal; DELETE FROM name; DELETE FROM holding;"
      "UPDATE projection SET projected_seq = 0");
  write_rows(world.intruder, input);
  world.intruder.run("COMMIT");
  Book book;
  if (world.store->load(book)) check_operations(world, book);
  if (input.ConsumeIntegralInRange(0, 3) == 3) audit();  // opens a connection of its own, which is slow
  return 0;
}
