// The programs of others that a cluster runs, and which package of Debian has each.
// Depends on the file system. Invariant: what is missing is named with its package, all of it at once.
#pragma once

#include <string>

#include "base/result.h"

namespace ldt::cluster {

struct Programs {
  std::string etcd, etcdctl, patroni, psql, haproxy;
  std::string postgres_folder;  // of initdb and the others, of the newest version that is installed
  std::string setpriv, nsenter;
  int patroni_version = 0;  // the first number of it; 0: it does not say
};

/// In PATH or where root's programs are. An Error of one line names the package.
[[nodiscard]] Result<std::string> find_program(const std::string& name, const std::string& package);
[[nodiscard]] Result<Programs> find_programs();

}  // namespace ldt::cluster
