#include "ldt/arguments.h"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "ldt/exit_codes.h"

namespace ldt {
namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 ok; 1 a negative answer (an order that did not complete, an audit with violations, a refused\n"
    "request); 2 wrong usage; 3 the marketplace cannot be reached or cannot start.";

std::string environment(const char* name, std::string otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : std::move(otherwise);
}

std::string absolute(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::absolute(path, ignored).lexically_normal().string();
}

/// The script at the project's root carries out `test` itself.
std::string footer() {
  const char* test = "./ldt test builds the tests and runs them; ./ldt test --help says how.\n\n";
  return (std::getenv("LDT_ROOT") != nullptr ? test : "") + std::string(kExitCodes);
}

/// Declares the commands and notes which one was chosen.
class Parser {
 public:
  Parser() {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", LDT_VERSION);
    app_.footer(footer());
    add_up();
    add_down();
    add_migrate();
    add_order();
    add_orders();
    add_reads();
    add_order_commands();
    add_operator_commands();
    add_logs();
    add_bench();
    add_certificates();
  }

  std::variant<Command, int> parse(int argc, char** argv) {
    if (argc < 2) {
      std::fputs(app_.help().c_str(), stderr);
      return kExitUsage;
    }
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? kExitOk : kExitUsage;
    }
    return *chosen_;
  }

 private:
  /// A subcommand whose arguments fill a C; `finish` completes it once all is parsed.
  template <class C>
  std::pair<CLI::App*, std::shared_ptr<C>> add(const char* name, const char* description) {
    auto command = std::make_shared<C>();
    CLI::App* sub = app_.add_subcommand(name, description);
    sub->callback([this, command] {
      if constexpr (requires { command->target; }) {
        command->target.data_folder = absolute(command->target.data_folder);
      } else {
        command->data_folder = absolute(command->data_folder);
      }
      chosen_ = *command;
    });
    return {sub, command};
  }

  static void add_data(CLI::App* sub, std::string& data_folder) {
    data_folder = default_data_folder();
    sub->add_option("--data", data_folder, "data folder (else LDT_DATA, else ./data)");
  }

  static void add_store(CLI::App* sub, std::string& store) {
    store = environment("LDT_STORE", "");
    sub->add_option("--store", store, "postgresql://USER@HOST[,HOST2]/DB: the services' database (else LDT_STORE)")
        ->check([](const std::string& url) {
          const bool known = url.starts_with("postgresql://") || url.starts_with("postgres://");
          return known ? "" : "expected postgresql://...";
        });
  }

  static void add_target(CLI::App* sub, Target& target) {
    add_data(sub, target.data_folder);
    sub->add_option("--url", target.url,
                    "the marketplace's address (else http.address of the data folder, else LDT_HTTP)");
    sub->add_flag("--json", target.json, "print the server's JSON");
  }

  static void add_limit(CLI::App* sub, std::int64_t& limit) {
    sub->add_option("--limit", limit, "at most so many")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  }

  void add_up() {
    auto [sub, command] = add<UpCommand>("up", "start all services and supervise them");
    add_data(sub, command->data_folder);
    command->http = environment("LDT_HTTP", "127.0.0.1:8080");
    sub->add_option("--http", command->http, "HOST:PORT of the public API; port 0: any free one (else LDT_HTTP)");
    sub->add_flag("--detach", command->detach, "run in the background once ready");
    sub->add_flag("--no-failures", command->no_failures, "refuse failure instructions");
    add_store(sub, command->store);
    sub->add_flag("--tls", command->tls,
                  "the services speak mutual TLS among each other, with certificates of a development CA that is\n"
                  "made in the data folder");
    sub->add_flag("--cluster", command->cluster,
                  "two PostgreSQLs, a standby behind a primary, that Patroni and etcd look after,\n"
                  "replicas of every service over them, and a balancer in front")
        ->excludes("--store");
    sub->add_option("--replicas", command->replicas, "of each service of the cluster")
        ->check(CLI::Range(1, 8))
        ->capture_default_str()
        ->needs("--cluster");
    const std::map<std::string, Network> networks{
        {"auto", Network::kAuto}, {"loopback", Network::kLoopback}, {"namespaces", Network::kNamespaces}};
    sub->add_option("--network", command->network,
                    "the cluster's hosts are network namespaces, or ports of the loopback interface\n"
                    "(auto: namespaces where they may be made, for root)")
        ->transform(CLI::CheckedTransformer(networks))
        ->needs("--cluster");
    sub->add_flag("--no-telemetry-store", command->no_telemetry_store,
                  "keep no logs and traces to ask for (also: LDT_TELEMETRY_STORE=off, or an OTLP endpoint is set)");
    sub->add_option("--otlp-grpc", command->otlp_grpc, "where the store takes OTLP over gRPC from others; off: nowhere")
        ->default_val("127.0.0.1:4317");
    sub->add_option("--otlp-http", command->otlp_http, "where it takes OTLP over HTTP; off: nowhere")
        ->default_val("127.0.0.1:4318");
    sub->add_option("--telemetry-age", command->telemetry_age, "the store keeps records for so long: 90s, 30m, 24h, 7d")
        ->default_val("24h");
    sub->add_option("--telemetry-mb", command->telemetry_mb, "and at most so many MiB of them")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
  }

  void add_down() {
    auto [sub, command] = add<DownCommand>("down", "stop them");
    add_data(sub, command->data_folder);
  }

  void add_migrate() {
    auto [sub, command] = add<MigrateCommand>("migrate", "bring the schemas in a PostgreSQL database up to date");
    add_data(sub, command->data_folder);
    add_store(sub, command->store);
    sub->get_option("--store")->required(command->store.empty());
  }

  void add_certificates() {
    auto [sub, command] =
        add<CertificatesCommand>("certificates", "make or renew certificates of a development CA for the services");
    add_data(sub, command->data_folder);
    sub->add_option("folder", command->folder, "where (else tls in the data folder)");
    sub->add_flag("--renew", command->renew, "new ones for all; services that run take them over by themselves");
  }

  void add_order() {
    auto [sub, command] = add<OrderCommand>("order", "place an order, follow it, print its timeline");
    add_target(sub, command->target);
    sub->add_option("user", command->user, "who buys")->required();
    sub->add_option("sku", command->sku, "what")->required();
    sub->add_option("quantity", command->quantity, "how many")->required();
    sub->add_option("--fail", command->failures,
                    "what shall go wrong: STEP=KIND[:applied][:n=N][:delay=MS][:outcome=X]; may be repeated.\n"
                    "Steps: order.accept payment.charge inventory.reserve delivery.deliver\n"
                    "       delivery.revoke inventory.release payment.refund order.finish\n"
                    "Kinds: TIMEOUT UNKNOWN CRASH DELAY REFUSE; applied: strikes after the effect is durable;\n"
                    "n: strikes the first n attempts")
        ->allow_extra_args(false)
        ->type_name("STEP=KIND");
    sub->add_option("--max-price", command->max_unit_price, "the highest unit price to accept");
    sub->add_option("--key", command->idempotency_key, "idempotency key (else a fresh one)");
    sub->add_option("--max-attempts", command->max_attempts, "attempts at each step");
    sub->add_option("--step-timeout-ms", command->step_timeout_ms, "time for each attempt");
    sub->add_flag("--hold", command->hold, "on TIMEOUT or UNKNOWN leave the order HELD instead of reverting it");
    sub->add_flag("--no-wait", command->no_wait, "only place it; exits 0 once it is accepted");
  }

  void add_orders() {
    auto [sub, command] = add<OrdersCommand>("orders", "list orders, newest first, or show one");
    add_target(sub, command->target);
    sub->add_option("id", command->id, "the one to show");
    sub->add_option("--user", command->user, "only this user's");
    sub->add_option("--state", command->state, "RUNNING, HELD, REVERTING, COMPLETED or REVERTED");
    sub->add_option("--outcome", command->outcome, "SUCCESS, INSUFFICIENT_FUND, TIMEOUT, ...");
    sub->add_option("--failed-step", command->failed_step, "payment.charge, ...");
    add_limit(sub, command->limit);
  }

  void add_reads() {
    auto [account_sub, account] = add<AccountCommand>("account", "a user's credits and ledger");
    add_target(account_sub, account->target);
    account_sub->add_option("user", account->user)->required();
    add_limit(account_sub, account->limit);

    auto [wallet_sub, wallet] = add<WalletCommand>("wallet", "the tokens that a user holds");
    add_target(wallet_sub, wallet->target);
    wallet_sub->add_option("user", wallet->user)->required();
    add_limit(wallet_sub, wallet->limit);

    auto [inventory_sub, inventory] = add<InventoryCommand>("inventory", "price, stock, reserved and sold of each SKU");
    add_target(inventory_sub, inventory->target);
    inventory_sub->add_option("sku", inventory->sku, "only this one");

    auto [sagas_sub, sagas] = add<SagasCommand>("sagas", "operator: orders that have not ended");
    add_target(sagas_sub, sagas->target);
    sagas_sub->add_flag("--stuck", sagas->stuck, "only those whose undo keeps failing");
    sagas_sub->add_option("--retry", sagas->retry, "try this order's pending step now");

    auto [audit_sub, audit] = add<AuditCommand>("audit", "operator: prove that no credit and no token is lost");
    add_target(audit_sub, audit->target);
  }

  void add_order_commands() {
    auto [cancel_sub, cancel] = add<CancelCommand>("cancel", "revert an order that is running or held");
    add_target(cancel_sub, cancel->target);
    cancel_sub->add_option("id", cancel->id)->required();

    auto [retry_sub, retry] = add<RetryCommand>("retry", "let a held order go on");
    add_target(retry_sub, retry->target);
    retry_sub->add_option("id", retry->id)->required();
  }

  void add_operator_commands() {
    auto [restock_sub, restock] = add<RestockCommand>("restock", "operator: add stock to a SKU");
    add_target(restock_sub, restock->target);
    restock_sub->add_option("sku", restock->sku)->required();
    restock_sub->add_option("quantity", restock->quantity)->required();

    auto [price_sub, price] = add<PriceCommand>("price", "operator: make a SKU or set its price");
    add_target(price_sub, price->target);
    price_sub->add_option("sku", price->sku)->required();
    price_sub->add_option("price", price->price, "credits per token")->required();

    auto [grant_sub, grant] = add<GrantCommand>("grant", "operator: grant credits to a user");
    add_target(grant_sub, grant->target);
    grant_sub->add_option("user", grant->user)->required();
    grant_sub->add_option("amount", grant->amount, "credits")->required();
  }

  void add_logs() {
    auto [sub, command] = add<LogsCommand>("logs", "all services' logs in the order of time");
    add_target(sub, command->target);
    sub->get_option("--json")->description("print one JSON object a line");
    sub->add_option("order", command->order, "only what belongs to this order");
    sub->add_option("--service", command->service, "only this service's: order, payment, inventory or delivery");
    sub->add_option("--severity", command->severity, "only this severity and above")
        ->check(CLI::IsMember({"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}, CLI::ignore_case));
    sub->add_option("--text", command->text, "only what has this text in it");
    sub->add_option("--since", command->since, "only what is younger than so long (90s, 10m, 24h), or since a time");
    sub->add_option("--limit", command->limit, "the last so many (else, of the store without ORDER and --since, 100)")
        ->check(CLI::Range(1, 1'000'000));
    sub->add_flag("--follow,-f", command->follow, "keep printing what comes");
    sub->add_flag("--files", command->files, "read the complete files of the data folder instead of the store");

    auto [trace_sub, trace] =
        add<TraceCommand>("trace", "an order's trace: every span over all services, with its logs");
    add_target(trace_sub, trace->target);
    trace_sub->add_option("order", trace->id, "the order")->required();
  }

  void add_bench() {
    auto [sub, command] = add<BenchCommand>("bench", "put load on a marketplace: what it carries, and at what cost");
    const auto running = [chosen = command](const std::string&) { chosen->own_marketplace = false; };
    add_target(sub, command->target);
    sub->get_option("--data")->each(running)->description("use the marketplace that runs in this data folder");
    sub->get_option("--url")->each(running)->description(
        "use the one at this address (the audit needs --data, too, for the operator token)\n"
        "Neither: one of its own, removed afterwards");
    sub->get_option("--json")->description("print one JSON object");
    sub->add_option("--in", command->parent, "make its own in this folder (else TMPDIR, /tmp, /var/tmp)")
        ->check(CLI::ExistingDirectory)
        ->excludes("--data", "--url");
    sub->add_option("--connections", command->connections, "each places one order after the other")
        ->check(CLI::Range(1, 9'900))  // the server takes 10,000
        ->capture_default_str();
    sub->add_option("--duration", command->duration, "seconds to measure")
        ->check(CLI::Range(0.1, 86'400.0))
        ->capture_default_str();
    sub->add_option("--warmup", command->warmup, "seconds before that")
        ->check(CLI::Range(0.0, 3'600.0))
        ->capture_default_str();
    sub->add_option("--rate", command->rate,
                    "begin so many orders a second, whatever becomes of them; latency counts from when an order\n"
                    "should have begun (else: as many as the connections carry)")
        ->check(CLI::Range(0.1, 1e6));
    sub->add_option("--failures", command->failures,
                    "so many percent of the orders shall fail, each sixth of them by payment.charge=REFUSE,\n"
                    "inventory.reserve=REFUSE, delivery.deliver=REFUSE, payment.charge=UNKNOWN:applied,\n"
                    "inventory.reserve=UNKNOWN or delivery.deliver=UNKNOWN:applied (those with one attempt)")
        ->check(CLI::Range(0.0, 100.0));
    sub->add_option("--users", command->users, "the orders are of so many, drawn at random")
        ->check(CLI::Range(1, 10'000'000))
        ->capture_default_str();
    sub->add_option("--skus", command->skus, "and for so many")->check(CLI::Range(1, 10'000))->capture_default_str();
    sub->add_option("--hot", command->hot, "all orders on one sku, or of one user")
        ->check(CLI::IsMember({"sku", "user"}));
    sub->add_flag("!--no-audit", command->audit, "leave out the audit, which reads all that was ever stored");
    auto* overload =
        sub->add_flag("--overload", command->overload,
                      "measure what it carries, then ten times that from 9,000 connections, and how it is 5 s "
                      "later");
    sub->add_flag(
           "--restart", command->restart,
           "store --orders, put --in-flight more under way, kill all processes, and measure the start after that")
        ->excludes("--data", "--url", "--rate", "--failures", overload);
    sub->add_option("--orders", command->orders, "stored before a restart")
        ->check(CLI::Range(1, 100'000'000))
        ->capture_default_str()
        ->needs("--restart");
    sub->add_option("--in-flight", command->in_flight, "under way when it is killed")
        ->check(CLI::Range(1, 16'000))
        ->capture_default_str()
        ->needs("--restart");
    overload->excludes("--rate", "--failures");
    sub->add_flag("--cluster", command->cluster,
                  "measure clusters of its own (`ldt up --cluster`), and what PostgreSQL does meanwhile")
        ->excludes("--data", "--url", "--overload", "--restart");
    sub->add_option("--replicas", command->replicas, "of each service: one cluster after the other")
        ->delimiter(',')
        ->check(CLI::Range(1, 8))
        ->capture_default_str()
        ->needs("--cluster");
  }

  CLI::App app_{"Late-day tokens marketplace: start it, place orders in it, look into it.", "ldt"};
  std::optional<Command> chosen_;
};

}  // namespace

std::string default_data_folder() {
  return absolute(environment("LDT_DATA", (std::filesystem::path(environment("LDT_ROOT", ".")) / "data").string()));
}

std::variant<Command, int> parse(int argc, char** argv) { return Parser().parse(argc, argv); }

}  // namespace ldt
