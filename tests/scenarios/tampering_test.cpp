// The audit would notice: what a careless hand changes behind the services' backs shows as a violation, and what a
// broken disk changes is refused at the start, an error or a violation, each naming the damage. The tables are the
// services' own; a change of theirs that breaks a statement here needs a new statement.
#include "support/database.h"
#include "support/scenario.h"

namespace ldt::testing {
namespace {

struct Tampering {
  std::string what;
  std::string service;
  std::string sqlite;    // with one parameter: the order's id in hexadecimal digits
  std::string postgres;  // behind it comes the order's id as a literal
};

std::ostream& operator<<(std::ostream& out, const Tampering& tampering) { return out << tampering.what; }

const std::string kUndecide = "UPDATE journal SET state = 2, delta = 0 WHERE hex(order_id) = ? AND kind = 2";
const std::string kUndecideThere = "SET event = 2, delta = 0 WHERE event = 1 AND order_id = ";
const std::string kHolderOf = " WHERE name_id = (SELECT holder FROM journal WHERE hex(order_id) = ?)";
const std::string kHolderThere = "FROM SCHEMA.journal j WHERE holder.id = j.holder AND j.order_id = ";

const Tampering kTamperings[] = {
    {"AChargeIsSmaller", "payment",
     "UPDATE journal SET amount = amount - 1, delta = delta + 1 WHERE hex(order_id) = ? AND kind = 2",
     "UPDATE SCHEMA.journal SET amount = amount - 1, delta = delta + 1 WHERE event = 1 AND order_id = "},
    {"AChargeIsGone", "payment", kUndecide, "UPDATE SCHEMA.journal " + kUndecideThere},
    {"AReservationIsGone", "inventory", kUndecide, "UPDATE SCHEMA.journal " + kUndecideThere},
    {"ADeliveryIsGone", "delivery", kUndecide, "UPDATE SCHEMA.journal " + kUndecideThere},
    {"ADeliveryIsLarger", "delivery",
     "UPDATE journal SET amount = amount + 1, delta = delta + 1 WHERE hex(order_id) = ? AND kind = 2",
     "UPDATE SCHEMA.journal SET amount = amount + 1, delta = delta + 1 WHERE event = 1 AND order_id = "},
    {"CreditsAppeared", "payment", "UPDATE holding SET balance = balance + 100" + kHolderOf,
     "UPDATE SCHEMA.holder SET balance = balance + 100 " + kHolderThere},
    {"StockVanished", "inventory", "UPDATE holding SET balance = balance - 1" + kHolderOf,
     "UPDATE SCHEMA.holder SET balance = balance - 1 " + kHolderThere},
    {"TokensAppeared", "delivery", "UPDATE holding SET balance = balance + 1" + kHolderOf,
     "UPDATE SCHEMA.holder SET balance = balance + 1 " + kHolderThere},
};

std::string hexadecimal(std::string uuid) {
  std::erase(uuid, '-');
  for (auto& c : uuid) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return uuid;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what)) text.replace(at, what.size(), with);
  return text;
}

void tamper(const Marketplace& market, const Tampering& tampering, const std::string& id) {
  if (stores_in_postgres()) {
    const std::string sql = replaced(tampering.postgres, "SCHEMA", "ldt_" + tampering.service) + "'" + id + "'";
    EXPECT_EQ(market.change_store(sql), "UPDATE 1\n") << "the test's statement fits no row";
    return;
  }
  const auto file = market.data() / tampering.service / (tampering.service + ".db");
  EXPECT_EQ(change_database(file, tampering.sqlite, {hexadecimal(id)}), 1) << "the test's statement fits no row";
}

class Audit : public ::testing::TestWithParam<Tampering> {};

TEST_P(Audit, Notices) {
  const auto& tampering = GetParam();
  Marketplace market;
  auto client = market.client();
  const std::string id = client.place(OrderRequest{.user = "alice", .sku = "late-day", .quantity = 2}).body.at("id");
  client.place(OrderRequest{.user = "bob", .sku = "late-day"});
  ASSERT_EQ(market.stop().exit_code, 0);
  tamper(market, tampering, id);
  market.start();
  const auto audit = client.audit();
  EXPECT_FALSE(audit.at("ok").get<bool>()) << audit.dump(2);
  EXPECT_FALSE(audit.at("violations").empty()) << audit.dump(2);
  EXPECT_NE(market.ldt({"audit"}).exit_code, 0);
}

INSTANTIATE_TEST_SUITE_P(That, Audit, ::testing::ValuesIn(kTamperings),
                         [](const auto& tested) { return tested.param.what; });

/// A marketplace of some orders, stopped in an orderly way: all is in the main files. PostgreSQL's files are its own.
class DamagedFile : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (stores_in_postgres()) GTEST_SKIP() << "over PostgreSQL there are no such files";
    auto client = market.client();
    client.place(OrderRequest{.user = "alice", .sku = "late-day", .quantity = 2});
    client.place(OrderRequest{.user = "bob", .sku = "late-day"});
    EXPECT_TRUE(client.audit().at("ok").get<bool>());
    EXPECT_EQ(market.stop().exit_code, 0);
    EXPECT_TRUE(!std::filesystem::exists(file().string() + "-wal") ||
                std::filesystem::file_size(file().string() + "-wal") == 0);
  }
  [[nodiscard]] std::filesystem::path file() const { return market.data() / GetParam() / (GetParam() + ".db"); }

  /// What it says of the damage: the service that does not start, else the audit.
  std::string complaint() {
    const auto up = market.ldt({"up", "--detach", "--http", "127.0.0.1:0"});
    if (up.exit_code != 0) return up.output;
    const auto audit = market.ldt({"audit"});
    EXPECT_NE(audit.exit_code, 0);
    EXPECT_EQ(market.stop().exit_code, 0);
    return audit.output;
  }

  Marketplace market;
};

TEST_P(DamagedFile, IsNamedWhereverABitFlips) {
  constexpr std::uintmax_t kPage = 2048;
  const auto size = std::filesystem::file_size(file());
  for (std::uintmax_t quarter = 0; quarter < 4; ++quarter) {
    const auto offset = size * quarter / 4 + size / 8;
    flip_bit(file(), offset);
    const auto said = complaint();
    EXPECT_NE(said.find("page " + std::to_string(offset / kPage + 1) + " does not match its checksum"),
              std::string::npos)
        << "byte " << offset << ": " << said;
    EXPECT_NE(said.find(GetParam() + ".db"), std::string::npos) << said;
    flip_bit(file(), offset);
  }
  market.start();
  EXPECT_TRUE(market.client().audit().at("ok").get<bool>()) << "all bits are as they were";
}

TEST_P(DamagedFile, IsNamedWhereTheCheckingWouldBeTurnedOff) {
  for (const std::uintmax_t offset : {20, 68}) {  // the header's marks of a file with checksums
    flip_bit(file(), offset);
    const auto said = complaint();
    EXPECT_NE(said.find("page 1 does not match its checksum"), std::string::npos) << "byte " << offset << ": " << said;
    flip_bit(file(), offset);
  }
}

TEST_P(DamagedFile, IsRefusedWithoutItsLastByte) {
  std::filesystem::resize_file(file(), std::filesystem::file_size(file()) - 1);
  EXPECT_NE(complaint().find("damaged"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Of, DamagedFile, ::testing::ValuesIn(kServices),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace ldt::testing
