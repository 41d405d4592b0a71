#include "ldt/bench/cluster_bench.h"

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdio>
#include <sstream>
#include <thread>

#include "ldt/bench/bench.h"
#include "ldt/bench/own_marketplace.h"
#include "ldt/bench/process_costs.h"
#include "ldt/cluster/programs.h"
#include "ldt/exit_codes.h"
#include "ldt/output/json_access.h"
#include "ldt/output/table.h"
#include "ldt/output/terminal.h"
#include "ldt/output/text.h"
#include "ldt/processes/data_folder.h"
#include "ldt/processes/files.h"
#include "ldt/processes/run_program.h"

namespace ldt::bench {
namespace {

using std::chrono::duration_cast;

/// PostgreSQL's processes tell their counters after a second at the latest.
constexpr std::chrono::milliseconds kCountersSettle{1'200};
constexpr const char* kCounters =
    "SELECT (SELECT sum(xact_commit) FROM pg_stat_database)::bigint, wal_records, wal_bytes::bigint, wal_sync,"
    " (SELECT sum(tup_inserted + tup_updated) FROM pg_stat_database)::bigint FROM pg_stat_wal";

struct DatabaseCounters {
  std::int64_t commits = 0, wal_records = 0, wal_bytes = 0, wal_syncs = 0, rows = 0;
};

/// What the cluster had done at a moment.
struct Moment {
  DatabaseCounters database;
  CpuUse cpu;
};

struct Row {
  int replicas = 0;
  Report report;
  Moment before, after;
};

/// The primary's counters; zeros where it does not answer.
DatabaseCounters counters(const std::string& store, const std::string& folder) {
  const auto psql = cluster::find_program("psql", "postgresql-client");
  if (!psql) return {};
  const std::string output = folder + "/counters";
  process::SpawnRequest request;
  request.program = *psql;
  request.arguments = {"--no-psqlrc",
                       "--no-align",
                       "--tuples-only",
                       "--field-separator= ",
                       "--output=" + output,
                       "--command=" + std::string(kCounters),
                       store};
  request.working_directory = "/";
  const auto ended = run_to_end(request);
  if (!ended || ended->by_signal || ended->code != 0) return {};
  std::istringstream in(read_file(output));
  DatabaseCounters read;
  in >> read.commits >> read.wal_records >> read.wal_bytes >> read.wal_syncs >> read.rows;
  return read;
}

std::string store_of(const std::string& data_folder) {
  boost::json::error_code error;
  const auto layout = boost::json::parse(read_file(data_folder + "/cluster/layout.json"), error);
  return error ? "" : json::text(layout, "store");
}

Result<Row> measure_one(const BenchCommand& command, int replicas, process::Signals& stop) {
  std::fprintf(stderr, "%d of each service: starting a cluster\n", replicas);
  const auto own = OwnMarketplace::start(command.parent, {"--cluster", "--replicas", std::to_string(replicas)}, stop);
  if (!own) return tl::unexpected(own.error());
  const std::string folder = (*own)->data_folder();
  const std::string store = store_of(folder);
  Row row{replicas, {}, {}, {}};
  bool begun = false;
  const auto around = [&] {
    std::this_thread::sleep_for(kCountersSettle);
    Moment& moment = begun ? row.after : row.before;
    moment.database = counters(store, folder);
    moment.cpu = cpu_use(folder);
    begun = true;
  };
  auto report = measure(command, (*own)->address(), DataFolder::read_operator_token(folder), stop, around);
  if (!report) return tl::unexpected(report.error());
  row.report = std::move(*report);
  return row;
}

double per_order(const Row& row, std::int64_t amount) {
  const auto orders = static_cast<double>(row.report.all_answers);
  return orders > 0 ? static_cast<double>(amount) / orders : 0;
}

DatabaseCounters spent(const Row& row) {
  const DatabaseCounters& then = row.before.database;
  const DatabaseCounters& now = row.after.database;
  return {now.commits - then.commits, now.wal_records - then.wal_records, now.wal_bytes - then.wal_bytes,
          now.wal_syncs - then.wal_syncs, now.rows - then.rows};
}

CpuUse cpu_spent(const Row& row) {
  CpuUse all = row.after.cpu;
  for (auto& [name, us] : all) {
    const auto then = row.before.cpu.find(name);
    if (then != row.before.cpu.end()) us -= then->second;
  }
  return all;
}

std::string latency(const Row& row, double share) {
  const auto us = duration_cast<std::chrono::microseconds>(row.report.orders.latency.percentile(share));
  return format_duration(us.count());
}

std::string text_of(const std::vector<Row>& rows) {
  using Align = Table::Align;
  std::vector<Table::Column> columns{{"REPLICAS"}};
  for (const Row& row : rows) columns.push_back({std::to_string(row.replicas), Align::kRight});
  Table table(columns);
  const auto add = [&](const std::string& title, const auto& cell) {
    std::vector<std::string> cells{title};
    for (const Row& row : rows) cells.push_back(cell(row));
    table.add(std::move(cells));
  };
  add("orders/s", [](const Row& row) { return fixed(orders_per_second(row.report), 0); });
  add("p50", [](const Row& row) { return latency(row, 0.5); });
  add("p99", [](const Row& row) { return latency(row, 0.99); });
  add("orders a commit", [](const Row& row) {
    const double commits = per_order(row, spent(row).commits);
    return commits > 0 ? fixed(1 / commits, 2) : "-";
  });
  add("commits an order", [](const Row& row) { return fixed(per_order(row, spent(row).commits), 3); });
  add("WAL fsyncs an order", [](const Row& row) { return fixed(per_order(row, spent(row).wal_syncs), 3); });
  add("WAL bytes an order", [](const Row& row) { return fixed(per_order(row, spent(row).wal_bytes), 0); });
  add("rows an order", [](const Row& row) { return fixed(per_order(row, spent(row).rows), 2); });
  if (!rows.empty()) {
    for (const auto& [name, unused] : rows.back().after.cpu) {
      add("CPU us an order, " + name, [&, part = name](const Row& row) {
        const auto used = cpu_spent(row);
        const auto found = used.find(part);
        return found == used.end() ? "-" : fixed(per_order(row, found->second), 1);
      });
    }
  }
  add("as it should be", [](const Row& row) { return is_good(row.report) ? "yes" : "NO"; });
  return table.text();
}

std::string json_of(const std::vector<Row>& rows) {
  std::string text = "[";
  for (const Row& row : rows) {
    const DatabaseCounters database = spent(row);
    boost::json::object cpu;
    for (const auto& [name, us] : cpu_spent(row)) cpu[name] = us;
    std::string report = bench::json_of(row.report);
    report.pop_back();  // the end of the line
    const boost::json::object counted{{"commits", database.commits},
                                      {"wal_records", database.wal_records},
                                      {"wal_bytes", database.wal_bytes},
                                      {"wal_fsyncs", database.wal_syncs},
                                      {"rows_written", database.rows}};
    text += (text.size() > 1 ? "," : "") + std::string("{\"replicas\":") + std::to_string(row.replicas) +
            ",\"orders\":" + std::to_string(row.report.all_answers) +
            ",\"postgresql\":" + boost::json::serialize(counted) + ",\"cpu_us\":" + boost::json::serialize(cpu) +
            ",\"report\":" + report + "}";
  }
  return text + "]\n";
}

}  // namespace

int run_on_clusters(const BenchCommand& command, process::Signals& stop) {
  std::vector<Row> rows;
  bool good = true;
  for (const int replicas : command.replicas) {
    auto row = measure_one(command, replicas, stop);
    if (!row) {
      complain(row.error().detail);
      return row.error().kind == ErrorKind::kUnavailable ? kExitCannot : kExitNegative;
    }
    good = good && is_good(row->report);
    rows.push_back(std::move(*row));
  }
  print(command.target.json ? json_of(rows) : text_of(rows));
  return good ? kExitOk : kExitNegative;
}

}  // namespace ldt::bench
