// One PostgreSQL server for all tests of a program, started by the first that needs it.
#pragma once

#include <gtest/gtest.h>

#include "support/postgres_server.h"

namespace ldt::testing {

inline PostgresServer& shared_server() {
  static PostgresServer server({.in_memory = true});
  return server;
}

}  // namespace ldt::testing
