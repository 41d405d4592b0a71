// The configuration files of what the cluster is made of, as text.
// Pure. Invariant: no acknowledged commit is on one disk only while there is a standby; no standby that lacks one is
// promoted.
#pragma once

#include <string>

#include "ldt/client/address.h"
#include "ldt/cluster/layout.h"
#include "ldt/cluster/programs.h"

namespace ldt::cluster {

struct Passwords {
  std::string superuser, replication, rewind, services;
};

/// patroni.yml of database `host`.
/// @param folder  of the database, absolute
[[nodiscard]] std::string patroni_yml(const Layout& layout, int host, const std::string& folder,
                                      const Programs& programs, const Passwords& passwords);
/// The services' role and database, made once with a new cluster.
[[nodiscard]] std::string init_sql(const Passwords& passwords);
[[nodiscard]] std::string password_file(const Passwords& passwords);
/// @param user  whom the balancer's workers become; empty: nobody else
[[nodiscard]] std::string haproxy_cfg(const Layout& layout, const Address& http, const std::string& user);

}  // namespace ldt::cluster
