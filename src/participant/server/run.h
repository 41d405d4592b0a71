// Runs a participant as a process, from its command line's options to its orderly end.
// Depends on all of the folder.
// Invariant: the service listens only once it owns its database and has loaded it.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "participant/rules.h"
#include "participant/server/host.h"
#include "participant/server/options.h"

namespace grpc {
class Service;
}

namespace ldt::participant {

/// What makes a participant this one.
struct Description {
  const Rules& rules;
  std::span<const std::string_view> migrations;           // of the file; the first is kSchema
  std::span<const std::string_view> postgres_migrations;  // of the schema; the first is kPostgresSchema
  std::string_view full_name;                             // of the gRPC service
  /// Makes the gRPC service. The storage is not changed by this process yet.
  std::function<Result<std::shared_ptr<grpc::Service>>(Host& host)> make_service;
};

/// Runs until SIGTERM or SIGINT. Call it before any thread is started.
/// @return the exit code
[[nodiscard]] int run(const Options& options, const Description& description);

}  // namespace ldt::participant
