// Mutual TLS between the services (`ldt up --tls`): orders flow; who has no certificate of the marketplace's CA, a
// wrong name or no business with a call is refused; certificates change without a restart; an expired one is said to
// be.
#include <sys/stat.h>

#include <fstream>

#include "support/load.h"
#include "support/scenario.h"
#include "support/tls_caller.h"

namespace ldt::testing {
namespace {

namespace fs = std::filesystem;
using grpc::StatusCode;

constexpr int kDataUnusable = 3;
const std::string kGetAccount = "/ldt.payment.v1.PaymentService/GetAccount";
const std::string kHealth = "/grpc.health.v1.Health/Check";

Marketplace::Options with_tls() { return {.up_flags = {"--tls"}, .environment = {}}; }

Finished make_certificates(const fs::path& folder, std::vector<std::string> more = {}) {
  std::vector<std::string> words{program("ldt"), "certificates", folder};
  words.insert(words.end(), more.begin(), more.end());
  return run_to_end({words, {}, {}});
}

/// By way of a draft, as the product's own files are written: who reads sees the old or the new one.
void replace(const fs::path& file, const std::string& text) {
  const fs::path draft = file.string() + ".draft";
  std::ofstream(draft) << text;
  fs::permissions(draft, fs::perms::owner_read | fs::perms::owner_write);
  fs::rename(draft, file);
}

void copy_identity(const fs::path& from, const fs::path& to) {
  for (const char* name : {"ca.crt", "tls.key", "tls.crt"}) replace(to / name, read_text(from / name));
}

/// A certificate for `name` by the CA in `folder`, that ended yesterday.
void make_expired(const fs::path& folder, const std::string& name) {
  const fs::path own = folder / name;
  const std::string script = "openssl req -new -key " + (own / "tls.key").string() + " -subj /CN=" + name +
                             " -addext subjectAltName=DNS:" + name + " | openssl x509 -req -days -1 -CA " +
                             (folder / "ca.crt").string() + " -CAkey " + (folder / "ca.key").string() +
                             " -copy_extensions copy -out " + (own / "expired.crt").string();
  const auto made = run_to_end({{"/bin/sh", "-c", script}, {}, {}});
  ASSERT_EQ(made.exit_code, 0) << made.output;
  replace(own / "tls.crt", read_text(own / "expired.crt"));
}

class Tls : public Scenario {
 protected:
  Tls() : Scenario(the_marketplace()) {}

  /// One for all tests here that leave its files as they were.
  static Marketplace& the_marketplace() {
    static std::unique_ptr<Marketplace> shared;
    class EndsWithTheProgram : public ::testing::Environment {
      void TearDown() override { shared.reset(); }
    };
    if (!shared) {
      shared = std::make_unique<Marketplace>(with_tls());
      ::testing::AddGlobalTestEnvironment(new EndsWithTheProgram);  // owned by GoogleTest
    }
    return *shared;
  }

  [[nodiscard]] fs::path tls() const { return market.data() / "tls"; }
  [[nodiscard]] Identity identity(const std::string& name) const { return {tls() / name, tls() / "ca.crt"}; }
  [[nodiscard]] std::string socket_of(const std::string& service) const {
    return "unix:" + (market.data() / "run" / (service + ".sock")).string();
  }
  [[nodiscard]] CallResult call_to(const std::string& service, const std::string& method, const Identity& as) const {
    return call(socket_of(service), service, method, as);
  }
  /// What the service has said so far.
  [[nodiscard]] std::string said_by(const std::string& service) const {
    return read_text(market.data() / "log" / (service + ".stderr"));
  }
  [[nodiscard]] bool part_is_ready(const std::string& service) const {
    const auto answer = Http(market.address()).send("GET", "/readyz").body;
    return answer.is_object() && answer.value("parts", Json::object()).value(service, false);
  }
};

TEST_F(Tls, OrdersFlow) {
  const auto user = new_user();
  const auto sku = new_sku(10, 10);
  const auto order = client.place(OrderRequest{.user = user, .sku = sku, .quantity = 2}).body;
  EXPECT_EQ(text_of(order, "state"), "COMPLETED");
  const OrderRequest failing{.user = user, .sku = sku, .failures = {{"delivery.deliver", "TIMEOUT", "APPLIED", 3}}};
  EXPECT_EQ(text_of(client.place(failing).body, "state"), "REVERTED");
}

TEST_F(Tls, KeepsKeysToTheOwner) {
  for (const char* name : {"ca.key", "order/tls.key", "payment/tls.key", "operator/tls.key"}) {
    struct stat facts {};
    ASSERT_EQ(::stat((tls() / name).c_str(), &facts), 0) << name;
    EXPECT_EQ(facts.st_mode & 0777, 0600u) << name;
  }
}

TEST_F(Tls, RefusesWhoHasNoCertificate) {
  for (const auto& service : kServices) {
    const auto result = call_to(service, kHealth, {});
    EXPECT_EQ(result.status.error_code(), StatusCode::UNAVAILABLE) << service << ": " << result.status.error_message();
  }
}

TEST_F(Tls, RefusesACertificateOfAnotherMarketplace) {
  TemporaryFolder other;
  ASSERT_EQ(make_certificates(other.path()).exit_code, 0);
  const Identity stranger{other.path() / "order", tls() / "ca.crt"};
  const auto refused = call_to("payment", kGetAccount, stranger);
  EXPECT_EQ(refused.status.error_code(), StatusCode::UNAVAILABLE) << refused.status.error_message();
  EXPECT_NE(call_to("payment", kGetAccount, identity("order")).status.error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(Tls, AnswersOnlyWhoIsOnTheList) {
  struct Row {
    std::string caller, service, method;
    bool allowed;
  };
  const std::string payment = "/ldt.payment.v1.PaymentService/";
  const std::string inventory = "/ldt.inventory.v1.InventoryService/";
  const std::vector<Row> rows{
      {"order", "payment", payment + "Charge", true},
      {"order", "payment", "/ldt.statistics.v1.StatisticsService/GetStatistics", true},
      {"order", "inventory", inventory + "GetSku", true},
      {"order", "delivery", "/ldt.delivery.v1.DeliveryService/GetWallet", true},
      {"order", "delivery", kHealth, true},
      {"payment", "payment", payment + "Charge", false},
      {"inventory", "payment", payment + "Refund", false},
      {"delivery", "inventory", inventory + "Restock", false},
      {"delivery", "inventory", kHealth, false},
      {"payment", "order", "/ldt.order.v1.OrderService/GetOrder", false},
      {"telemetry", "payment", payment + "GetAccount", false},
      {"operator", "order", "/ldt.order.v1.OrderService/GetOrder", true},
      {"operator", "payment", payment + "GetAccount", true},
      {"operator", "payment", payment + "Charge", false},
      {"operator", "payment", payment + "GrantCredits", false},
      {"operator", "inventory", inventory + "PutSku", false},
      {"operator", "inventory", kHealth, true},
      {"order", "payment", payment + "NoSuchCall", true},  // allowed, and there is none
      {"operator", "payment", payment + "NoSuchCall", false},
      {"operator", "payment", payment + "GetAccountAndMore", false},
  };
  for (const auto& row : rows) {
    const auto status = call_to(row.service, row.method, identity(row.caller)).status;
    const std::string what = row.caller + " calls " + row.method + ": " + status.error_message();
    EXPECT_NE(status.error_code(), StatusCode::UNAVAILABLE) << what;
    EXPECT_EQ(status.error_code() != StatusCode::PERMISSION_DENIED, row.allowed) << what;
    if (!row.allowed) EXPECT_NE(status.error_message().find("'" + row.caller + "'"), std::string::npos) << what;
  }
}

TEST_F(Tls, AsksInVainForAnotherName) {
  const auto result = call(socket_of("payment"), "inventory", kHealth, identity("order"));
  EXPECT_EQ(result.status.error_code(), StatusCode::UNAVAILABLE) << result.status.error_message();
}

TEST_F(Tls, TakesNewCertificatesWhileOrdersFlow) {
  const std::vector<std::string> users{new_user_with(100'000), new_user_with(100'000)};
  Load load(market, users, new_sku(1, 1'000'000));
  const auto before = call_to("payment", kHealth, identity("order")).server_certificate;
  ASSERT_FALSE(before.empty());
  const auto processes = market.pid_of("payment");

  ASSERT_EQ(make_certificates(tls(), {"--renew"}).exit_code, 0);
  EXPECT_TRUE(eventually([&] {
    const auto now = call_to("payment", kHealth, identity("order")).server_certificate;
    return !now.empty() && now != before;
  }));
  EXPECT_TRUE(eventually([&] { return said_by("payment").find("was replaced") != std::string::npos; }));
  EXPECT_EQ(market.pid_of("payment"), processes) << "it was restarted";
  // Connections that are made from now on use the new ones on both sides.
  market.kill_service("payment");
  const int acknowledged = load.acknowledged_count();
  EXPECT_TRUE(eventually([&] { return load.acknowledged_count() > acknowledged + 50; }));
  load.stop();
  EXPECT_EQ(load.surprises(), std::vector<std::string>());
}

TEST_F(Tls, ChangesItsAuthorityWithoutARestart) {
  const std::vector<std::string> users{new_user_with(100'000)};
  Load load(market, users, new_sku(1, 1'000'000));
  TemporaryFolder next;
  ASSERT_EQ(make_certificates(next.path()).exit_code, 0);
  const auto order_process = market.pid_of("order");
  const std::vector<std::string> names{"order", "payment", "inventory", "delivery"};
  const auto await = [&](const std::string& what, const Identity& as) {
    for (const auto& service : names) {
      EXPECT_TRUE(eventually([&] {
        return call_to(service, "/unknown/Call", as).status.error_code() == StatusCode::PERMISSION_DENIED;
      })) << service
          << " " << what;
    }
  };

  // Both authorities are trusted, then the new one's certificates are used, then the old one is forgotten.
  const std::string both = read_text(tls() / "ca.crt") + read_text(next.path() / "ca.crt");
  for (const auto& name : names) replace(tls() / name / "ca.crt", both);
  await("does not trust the new authority yet", {next.path() / "delivery", tls() / "ca.crt"});
  for (const auto& name : names) {
    for (const char* file : {"tls.key", "tls.crt"}) replace(tls() / name / file, read_text(next.path() / name / file));
  }
  await("has no new certificate yet", {next.path() / "delivery", next.path() / "ca.crt"});
  for (const auto& name : names) replace(tls() / name / "ca.crt", read_text(next.path() / "ca.crt"));
  for (const char* file : {"ca.key", "ca.crt"}) replace(tls() / file, read_text(next.path() / file));
  const Identity old_one{tls() / "operator", tls() / "ca.crt"};  // still of the authority before
  EXPECT_TRUE(
      eventually([&] { return call_to("payment", kHealth, old_one).status.error_code() == StatusCode::UNAVAILABLE; }));

  market.kill_service("inventory");
  const int acknowledged = load.acknowledged_count();
  EXPECT_TRUE(eventually([&] { return load.acknowledged_count() > acknowledged + 50; }));
  load.stop();
  EXPECT_EQ(load.surprises(), std::vector<std::string>());
  EXPECT_EQ(market.pid_of("order"), order_process) << "it was restarted";
  ASSERT_EQ(make_certificates(tls(), {"--renew"}).exit_code, 0);
  EXPECT_TRUE(eventually([&] { return call_to("payment", kHealth, identity("operator")).status.ok(); }));
}

TEST_F(Tls, AnotherMarketplacesPaymentIsNotSpokenTo) {
  TemporaryFolder other;
  ASSERT_EQ(make_certificates(other.path()).exit_code, 0);
  TemporaryFolder kept;
  fs::copy(tls() / "payment", kept.path() / "payment");
  copy_identity(other.path() / "payment", tls() / "payment");
  market.kill_service("payment");  // comes back as the other marketplace's
  EXPECT_TRUE(eventually([&] { return !part_is_ready("payment"); }));
  EXPECT_TRUE(eventually([&] {
    const Identity insider{other.path() / "order", other.path() / "ca.crt"};
    return call_to("payment", kHealth, insider).status.ok();
  }));
  EXPECT_FALSE(part_is_ready("payment"));
  EXPECT_TRUE(eventually([&] { return said_by("order").find("certificate verify failed") != std::string::npos; }))
      << said_by("order");
  copy_identity(kept.path() / "payment", tls() / "payment");
  EXPECT_TRUE(eventually([&] { return market.ready(); })) << said_by("payment");
}

TEST_F(Tls, AnotherServiceIsNotSpokenToInPaymentsPlace) {
  TemporaryFolder kept;
  fs::copy(tls() / "payment", kept.path() / "payment");
  copy_identity(tls() / "inventory", tls() / "payment");
  EXPECT_TRUE(eventually([&] {
    return said_by("payment").find("is not made out to the DNS name 'payment'") != std::string::npos;
  })) << said_by("payment");
  EXPECT_TRUE(
      eventually([&] { return call(socket_of("payment"), "inventory", kHealth, identity("order")).status.ok(); }));
  market.kill_service("order");  // the connections that it has would last
  EXPECT_TRUE(eventually([&] { return part_is_ready("delivery"); }));
  EXPECT_FALSE(part_is_ready("payment"));
  copy_identity(kept.path() / "payment", tls() / "payment");
  EXPECT_TRUE(eventually([&] { return market.ready(); })) << said_by("payment");
}

TEST_F(Tls, AnExpiredCertificateIsNamedWhileItRuns) {
  TemporaryFolder kept;
  fs::copy(tls() / "delivery", kept.path() / "delivery");
  make_expired(tls(), "delivery");
  EXPECT_TRUE(eventually([&] { return said_by("delivery").find("certificate has expired") != std::string::npos; }))
      << said_by("delivery");
  const auto order = client.place(OrderRequest{.user = new_user(), .sku = new_sku(1, 1)}).body;
  EXPECT_EQ(text_of(order, "state"), "COMPLETED") << "connections that are there go on";
  copy_identity(kept.path() / "delivery", tls() / "delivery");
  EXPECT_TRUE(eventually([&] { return call_to("delivery", kHealth, identity("order")).status.ok(); }));
}

// --- a service started alone ---

struct Alone {
  TemporaryFolder folder;
  [[nodiscard]] fs::path certificates() const { return folder.path() / "tls"; }
  [[nodiscard]] std::string address() const { return "unix:" + (folder.path() / "payment.sock").string(); }

  Alone() { EXPECT_EQ(make_certificates(certificates()).exit_code, 0); }

  [[nodiscard]] Command payment(std::vector<std::string> more) const {
    std::vector<std::string> words{
        program("ldt-payment"), "--db", folder.path() / "payment.db", "--listen", address(), "--log-dir",
        folder.path()};
    words.insert(words.end(), more.begin(), more.end());
    return {words, folder.path() / "printed", {}};
  }

  /// Ends by itself, with one line that says what is wrong.
  void expect_refusal(const std::string& tls_dir, const std::string& word) const {
    auto command = payment({"--tls-dir", tls_dir});
    command.output.clear();
    const auto finished = run_to_end(command);
    EXPECT_EQ(finished.exit_code, kDataUnusable) << finished.output;
    EXPECT_NE(finished.output.find(word), std::string::npos) << finished.output;
    EXPECT_EQ(std::count(finished.output.begin(), finished.output.end(), '\n'), 1) << finished.output;
  }
};

TEST(TlsStart, IsRefusedWithACertificateThatPeersWouldRefuse) {
  const Alone alone;
  const auto tls = alone.certificates();
  alone.expect_refusal(tls / "nowhere", "ca.crt: No such file");
  alone.expect_refusal(tls / "inventory", "is not made out to the DNS name 'payment'");
  replace(tls / "delivery" / "tls.key", read_text(tls / "order" / "tls.key"));
  alone.expect_refusal(tls / "delivery", "is not the key of");
  replace(tls / "delivery" / "tls.crt", "nothing");
  alone.expect_refusal(tls / "delivery", "holds no certificate in PEM");
  TemporaryFolder other;
  ASSERT_EQ(make_certificates(other.path()).exit_code, 0);
  replace(tls / "payment" / "ca.crt", read_text(other.path() / "ca.crt"));
  alone.expect_refusal(tls / "payment", "unable to get local issuer certificate");
  replace(tls / "payment" / "ca.crt", read_text(tls / "ca.crt"));
  make_expired(tls, "payment");
  alone.expect_refusal(tls / "payment", "certificate has expired (valid from");
}

TEST(TlsStart, TellsHealthAloneInPlainTextWhereItIsAskedTo) {
  const Alone alone;
  const std::string health = "127.0.0.1:" + std::to_string(free_port());
  Process payment(alone.payment({"--tls-dir", alone.certificates() / "payment", "--health", health}));
  EXPECT_TRUE(eventually([&] { return call(health, "", kHealth, {}).status.ok(); }));
  EXPECT_EQ(call(health, "", kGetAccount, {}).status.error_code(), StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(call(alone.address(), "", kHealth, {}).status.error_code(), StatusCode::UNAVAILABLE);
}

TEST(Certificates, StayAsTheyAreUntilTheyAreRenewed) {
  TemporaryFolder folder;
  const auto certificate = [&] { return read_text(folder.path() / "payment" / "tls.crt"); };
  ASSERT_EQ(make_certificates(folder.path()).exit_code, 0);
  const auto authority = read_text(folder.path() / "ca.crt");
  const auto first = certificate();
  ASSERT_EQ(make_certificates(folder.path()).exit_code, 0);
  EXPECT_EQ(certificate(), first);
  make_expired(folder.path(), "payment");
  ASSERT_EQ(make_certificates(folder.path()).exit_code, 0);
  const auto second = certificate();
  EXPECT_NE(second, first);
  ASSERT_EQ(make_certificates(folder.path(), {"--renew"}).exit_code, 0);
  EXPECT_NE(certificate(), second);
  EXPECT_EQ(read_text(folder.path() / "ca.crt"), authority);
}

}  // namespace
}  // namespace ldt::testing
