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
  std::span<const std::string_view> migrations;  // the first is kSchema
  std::string_view full_name;                    // of the gRPC service
  /// Makes the gRPC service. The book is loaded and not yet changed by anyone.
  std::function<std::shared_ptr<grpc::Service>(Host& host, const Book& book)> make_service;
};

/// Runs until SIGTERM or SIGINT. Call it before any thread is started.
/// @return the exit code
[[nodiscard]] int run(const Options& options, const Description& description);

}  // namespace ldt::participant
