#include "ldt/cluster/cluster.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "ldt/client/api_client.h"
#include "ldt/cluster/configuration.h"
#include "ldt/cluster/leftovers.h"
#include "ldt/output/json_access.h"
#include "ldt/processes/files.h"
#include "ldt/processes/run_program.h"

namespace ldt::cluster {
namespace {

constexpr const char* kDatabaseUser = "postgres";
constexpr const char* kBalancerUser = "nobody";
constexpr std::chrono::seconds kProbeTimeout{1};

bool is_root() { return ::geteuid() == 0; }

/// A secret of the data folder, made at its first use.
Result<std::string> secret(const std::string& file) {
  if (std::string known = read_file(file); !known.empty()) return known;
  std::string made = random_secret();
  return write_file(file, made + "\n").map([&] { return made; });
}

Result<Passwords> passwords(const DataFolder& data) {
  Passwords all;
  const std::vector<std::pair<const char*, std::string*>> files{{"superuser", &all.superuser},
                                                                {"replication", &all.replication},
                                                                {"rewind", &all.rewind},
                                                                {"services", &all.services}};
  for (const auto& [name, value] : files) {
    auto text = secret(data.file(std::string("cluster/") + name + ".password"));
    if (!text) return tl::unexpected(text.error());
    *value = std::move(*text);
  }
  return all;
}

/// Quotes would end a value in a configuration file.
Result<void> check_path(const std::string& path) {
  if (path.find_first_of("'\"\\@\n") == std::string::npos) return {};
  return failure(ErrorKind::kInvalid, "a cluster's data folder may have no quote, backslash or @ in its name: " + path);
}

/// PostgreSQL does not run as root; its own user has to get into its folder.
Result<void> open_way(const DataFolder& data, const Programs& programs) {
  for (const std::string& folder : {data.path(), data.file("cluster")}) {
    if (::chmod(folder.c_str(), 0711) != 0) return failure(ErrorKind::kInternal, folder + ": " + std::strerror(errno));
  }
  process::SpawnRequest request;
  request.program = programs.setpriv;
  request.arguments = {std::string("--reuid=") + kDatabaseUser,
                       std::string("--regid=") + kDatabaseUser,
                       "--init-groups",
                       "/usr/bin/test",
                       "-x",
                       data.file("cluster")};
  request.working_directory = "/";
  const auto ended = run_to_end(request);
  if (ended && !ended->by_signal && ended->code == 0) return {};
  return failure(ErrorKind::kInvalid, std::string("PostgreSQL's user ") + kDatabaseUser + " cannot enter " +
                                          data.file("cluster") + "; use a data folder that others may pass through");
}

Result<void> give_to_postgres(const std::string& path) {
  const passwd* user = ::getpwnam(kDatabaseUser);
  if (user == nullptr) return failure(ErrorKind::kUnavailable, std::string("there is no user ") + kDatabaseUser);
  if (::chown(path.c_str(), user->pw_uid, user->pw_gid) == 0) return {};
  return failure(ErrorKind::kInternal, "cannot give " + path + " to " + kDatabaseUser + ": " + std::strerror(errno));
}

}  // namespace

Cluster::Cluster(const DataFolder& data, Options options, Layout layout, Programs programs)
    : data_(data), options_(std::move(options)), layout_(layout), programs_(std::move(programs)) {
  options_.services.store = layout_.store_url(data.file("cluster/pgpass"));
}

Result<std::unique_ptr<Cluster>> Cluster::prepare(const DataFolder& data, const Options& options) {
  auto programs = find_programs();
  if (!programs) return tl::unexpected(programs.error());
  auto ready = check_path(data.path()).and_then([&] { return make_folder(data.file("cluster")); });
  if (ready && is_root()) ready = open_way(data, *programs);
  if (!ready) return tl::unexpected(ready.error());
  auto layout = Layout::choose(data, options.network, options.replicas);
  if (!layout) return tl::unexpected(layout.error());
  std::unique_ptr<Cluster> made(new Cluster(data, options, *layout, *programs));
  for (int host = 1; host <= kDatabases; ++host) stop_leftover_postgres(made->database_folder(host) + "/data");
  ready = made->make_network().and_then([&] { return made->write_files(); });
  if (!ready) return tl::unexpected(ready.error());
  return made;
}

Cluster::~Cluster() {
  for (int host = 1; host <= kDatabases; ++host) stop_leftover_postgres(database_folder(host) + "/data");
}

Result<void> Cluster::make_network() {
  if (!layout_.has_namespaces()) return {};
  auto made = HostNetwork::create(layout_);
  if (!made) {
    return failure(made.error().kind, made.error().detail + "; this machine may not make network namespaces: " +
                                          "use --network loopback and a new data folder");
  }
  network_ = std::move(*made);
  return {};
}

std::string Cluster::database_folder(int host) const {
  return data_.file("cluster/postgresql-" + std::to_string(host));
}

Result<void> Cluster::write_files() const {
  const auto secrets = passwords(data_);
  if (!secrets) return tl::unexpected(secrets.error());
  auto done = write_file(data_.file("cluster/pgpass"), password_file(*secrets)).and_then([&] {
    const std::string user = is_root() ? kBalancerUser : "";
    return write_file(data_.file("cluster/haproxy.cfg"), haproxy_cfg(layout_, options_.services.http, user));
  });
  for (int host = 1; done && host <= kDatabases; ++host) done = write_database(host);
  for (int host = 1; done && host <= layout_.hosts(); ++host)
    done = make_folder(data_.file("log/" + Layout::host_name(host)));
  return done.and_then([&] { return write_file(data_.file("cluster/layout.json"), description_json() + "\n"); });
}

Result<void> Cluster::write_database(int host) const {
  const auto secrets = passwords(data_);
  if (!secrets) return tl::unexpected(secrets.error());
  const std::string folder = database_folder(host);
  const std::vector<std::pair<std::string, std::string>> files{
      {folder + "/patroni.yml", patroni_yml(layout_, host, folder, programs_, *secrets)},
      {folder + "/init.sql", init_sql(*secrets)}};
  auto done = make_folder(folder);
  for (const auto& [path, text] : files) {
    if (done) done = write_file(path, text);
    if (done && is_root()) done = give_to_postgres(path);
  }
  return done && is_root() ? give_to_postgres(folder) : done;
}

std::string Cluster::lacks() const {
  for (int host = 1; host <= kDatabases; ++host) {
    ApiClient patroni(layout_.patroni(host), "");
    patroni.set_timeout(kProbeTimeout);
    const auto answer = patroni.get("/cluster");
    if (!answer || !answer->ok()) continue;
    for (const auto& member : json::array(answer->json, "members")) {
      if (json::text(member, "role") == "sync_standby") return "";
    }
  }
  return "PostgreSQL's synchronous standby";
}

std::vector<std::string> Cluster::parts_of(int host) const {
  const std::string number = "-" + std::to_string(host);
  std::vector<std::string> parts;
  if (host <= kEtcds) parts.push_back("etcd" + number);
  if (host <= kDatabases) parts.push_back("postgresql" + number);
  if (host > layout_.replicas()) return parts;
  for (const auto& name : participants()) parts.push_back(name + number);
  parts.push_back("order" + number);
  return parts;
}

std::string Cluster::listens(const std::string& part, int host) const {
  if (part == "etcd") return layout_.etcd_client(host).text();
  if (part == "postgresql") return layout_.postgres(host).text();
  if (part == "order") return layout_.http(host).text();
  return layout_.grpc(part, host);
}

std::string Cluster::describe() const {
  std::string text;
  for (int host = 1; host <= layout_.hosts(); ++host) {
    text += "  " + Layout::host_name(host) + "          " + layout_.host_address(host);
    if (layout_.has_namespaces()) text += " in namespace " + layout_.namespace_name(host);
    text += ":";
    for (const auto& name : parts_of(host)) text += " " + name;
    text += "\n";
  }
  return text + "  database        " + options_.services.store + "\n";
}

std::string Cluster::description_json() const {
  boost::json::array hosts;
  for (int host = 1; host <= layout_.hosts(); ++host) {
    boost::json::array parts;
    for (const auto& name : parts_of(host)) {
      parts.push_back(boost::json::object{{"name", name}, {"listens", listens(name.substr(0, name.rfind('-')), host)}});
    }
    boost::json::object each{{"name", Layout::host_name(host)}, {"address", layout_.host_address(host)}};
    if (layout_.has_namespaces()) each["namespace"] = layout_.namespace_name(host);
    if (host <= kDatabases) each["patroni"] = layout_.patroni(host).text();
    each["parts"] = std::move(parts);
    hosts.push_back(std::move(each));
  }
  return boost::json::serialize(boost::json::object{{"store", options_.services.store}, {"hosts", std::move(hosts)}});
}

}  // namespace ldt::cluster
