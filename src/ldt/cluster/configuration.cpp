#include "ldt/cluster/configuration.h"

#include <map>

namespace ldt::cluster {
namespace {

std::string etcd_hosts(const Layout& layout) {
  std::string hosts;
  for (int host = 1; host <= kEtcds; ++host) hosts += (host == 1 ? "'" : ", '") + layout.etcd_client(host).text() + "'";
  return "[" + hosts + "]";
}

// The primary renews its lease every second and loses it after `ttl` at the most; a standby that is gone is left out of
// the commits within about three. `synchronous_mode` promotes nobody but a standby that has every acknowledged commit.
// With `failsafe_mode` a primary that reaches its standby goes on where etcd is away.
constexpr const char* kPatroni = R"(scope: ldt
name: postgresql-@HOST@
log: {level: WARNING}
restapi: {listen: '@PATRONI@', connect_address: '@PATRONI@'}
etcd3: {hosts: @ETCDS@}
bootstrap:
  dcs:
    ttl: @TTL@
    loop_wait: 1
    retry_timeout: 3
    primary_start_timeout: 0
    synchronous_mode: true
    failsafe_mode: true
    maximum_lag_on_failover: 1048576
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters:
        max_connections: 200
        shared_buffers: 256MB
        max_wal_size: 4GB
        checkpoint_timeout: 15min
        synchronous_commit: 'on'
        wal_compression: 'on'
        wal_sender_timeout: 3s
        wal_receiver_timeout: 3s
        wal_receiver_status_interval: 1s
        wal_retrieve_retry_interval: 500ms
        hot_standby_feedback: 'on'
        unix_socket_directories: ''
        tcp_keepalives_idle: 2
        tcp_keepalives_interval: 1
        tcp_keepalives_count: 3
        tcp_user_timeout: 5000
  initdb: [{encoding: UTF8}, {locale: C.UTF-8}, data-checksums]
  post_init: '@PSQL@ --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --file="@FOLDER@/init.sql"'
postgresql:
  listen: '@POSTGRES@'
  connect_address: '@POSTGRES@'
  data_dir: '@FOLDER@/data'
  bin_dir: '@PROGRAMS@'
  pgpass: '@FOLDER@/pgpass'
  basebackup: [{checkpoint: fast}]
  authentication:
    superuser: {username: postgres, password: '@SUPERUSER@'}
    replication: {username: replicator, password: '@REPLICATION@'}
    rewind: {username: rewinder, password: '@REWIND@'}
  pg_hba:
    - host replication replicator @NETWORK@ scram-sha-256
    - host all all @NETWORK@ scram-sha-256
watchdog: {mode: 'off'}
)";

// What the balancer says for itself reads like what the services say: 503 means here, too, that nothing was done.
constexpr const char* kBalancer = R"(global
  stats socket unix@run/haproxy.sock mode 600 level admin expose-fd listeners
  hard-stop-after 90s
@USER@defaults
  mode http
  timeout connect 1s
  timeout client 90s
  timeout server 90s
  timeout check 2s
  option redispatch 1
  option http-no-delay
  retries 3
  retry-on conn-failure 503
frontend public
  bind @HTTP@
  option idle-close-on-response
  http-error status 502 content-type application/problem+json string '{"type":"about:blank","title":"The connection to the service broke","status":502,"detail":"what came of an order is found by repeating it under its Idempotency-Key"}'
  http-error status 503 content-type application/problem+json string '{"type":"/errors/service-unavailable","title":"A service cannot be reached","status":503,"detail":"no replica of the order service can be reached; nothing was done","service":"order"}' hdr retry-after 1
  default_backend order
backend order
  balance leastconn
  option allbackups
  option httpchk GET /readyz
  http-check expect status 200
  default-server inter 500ms fastinter 100ms downinter 200ms fall 2 rise 1
@REPLICAS@backend live
  option httpchk GET /healthz
  http-check expect status 200
  default-server inter 500ms fastinter 100ms downinter 200ms fall 2 rise 1
@LIVE@)";

constexpr const char* kReplica = R"(  server @NAME@ @ADDRESS@ check
  server @NAME@-live @ADDRESS@ backup track live/@NAME@
)";
constexpr const char* kLiveReplica = R"(  server @NAME@ @ADDRESS@ check
)";

std::string fill(std::string text, const std::map<std::string, std::string>& values) {
  for (const auto& [name, value] : values) {
    const std::string place = "@" + name + "@";
    for (auto at = text.find(place); at != std::string::npos; at = text.find(place, at + value.size())) {
      text.replace(at, place.size(), value);
    }
  }
  return text;
}

}  // namespace

std::string patroni_yml(const Layout& layout, int host, const std::string& folder, const Programs& programs,
                        const Passwords& passwords) {
  // It must be loop_wait + 2 * retry_timeout at least; Patroni 4 takes no less than 20.
  const bool insists = programs.patroni_version >= 4;
  return fill(kPatroni, {{"HOST", std::to_string(host)},
                         {"TTL", insists ? "20" : "8"},
                         {"PATRONI", layout.patroni(host).text()},
                         {"ETCDS", etcd_hosts(layout)},
                         {"PSQL", programs.psql},
                         {"FOLDER", folder},
                         {"POSTGRES", layout.postgres(host).text()},
                         {"PROGRAMS", programs.postgres_folder},
                         {"SUPERUSER", passwords.superuser},
                         {"REPLICATION", passwords.replication},
                         {"REWIND", passwords.rewind},
                         {"NETWORK", layout.network()}});
}

std::string init_sql(const Passwords& passwords) {
  return "CREATE ROLE ldt LOGIN PASSWORD '" + passwords.services + "';\nCREATE DATABASE ldt OWNER ldt;\n";
}

std::string password_file(const Passwords& passwords) { return "*:*:*:ldt:" + passwords.services + "\n"; }

// A replica that drains, or that lost something it needs, says so at /readyz and leaves the pool. Until that is seen it
// answers 503, which means that nothing was done: another one gets the request. No other answer is repeated. Where none
// is ready (all of payment is gone), those that live say for themselves what they cannot do, and do the rest: orders
// are still shown. An answer may take longer than the longest wait that a client may ask for. Without http-no-delay,
// the kernel keeps each event of a stream for 0.2 s.
std::string haproxy_cfg(const Layout& layout, const Address& http, const std::string& user) {
  std::string replicas, live;
  for (int host = 1; host <= layout.replicas(); ++host) {
    const std::map<std::string, std::string> one{{"NAME", "order-" + std::to_string(host)},
                                                 {"ADDRESS", layout.http(host).text()}};
    replicas += fill(kReplica, one);
    live += fill(kLiveReplica, one);
  }
  const std::string worker = user.empty() ? "" : "  user " + user + "\n";
  return fill(kBalancer, {{"USER", worker}, {"HTTP", http.text()}, {"REPLICAS", replicas}, {"LIVE", live}});
}

}  // namespace ldt::cluster
