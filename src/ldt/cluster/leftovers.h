// Ends a PostgreSQL that outlived its Patroni (which does not take it along when it is killed).
// Depends on /proc. Invariant: only a server of exactly that data directory is ended, and it has ended on return.
#pragma once

#include <string>

namespace ldt::cluster {

void stop_leftover_postgres(const std::string& data_directory);

}  // namespace ldt::cluster
