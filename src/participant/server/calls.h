// Helpers for a service's other unary methods: reads, and an operator's changes.
// Depends on grpc++, the writer and the readers.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <string_view>

#include "base/result.h"
#include "participant/server/host.h"

namespace ldt::participant {

/// Ends the call at once.
[[nodiscard]] grpc::ServerUnaryReactor* serve_status(grpc::CallbackServerContext* context, const Error& error);

/// Runs `read` on a reader's thread. It fills the call's response, or says what is wrong.
[[nodiscard]] grpc::ServerUnaryReactor* serve_read(Host& host, grpc::CallbackServerContext* context,
                                                   std::function<Result<void>(Reads&)> read);

/// What an operator's change touches. Views live as long as the call.
struct ChangeOf {
  std::string_view holder;
  std::string_view key;  // the idempotency key; empty: none
};

/// Runs `change` in the writer's next transaction, again where it could not be committed. Once that is durable, `fill`
/// makes the response; both on the writer's thread.
[[nodiscard]] grpc::ServerUnaryReactor* serve_change(Host& host, grpc::CallbackServerContext* context, ChangeOf of,
                                                     std::function<Result<OperatorAnswer>(Decider&)> change,
                                                     std::function<void(const OperatorAnswer&)> fill);

/// An idempotency key is at most so long.
inline constexpr std::size_t kMaxKeyBytes = 255;

/// A page's size as asked for: 0 means 100; Error above 1000.
[[nodiscard]] Result<std::uint32_t> page_limit(std::uint32_t limit);

/// `seq` as an upper bound for SQL: 0 means none.
[[nodiscard]] std::int64_t before(std::uint64_t seq);

}  // namespace ldt::participant
