#include "platform/grpc/library_log.h"

#include <grpc/support/log.h>

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <string_view>
#include <utility>

namespace ldt::rpc {

namespace {

constexpr std::string_view kHandshakes = "ssl_transport_security.cc";  // the source file that tells of them
constexpr std::chrono::seconds kSayAgain{10};

struct Reporter {
  std::mutex mutex;
  std::function<void(const std::string&)> say;
  std::chrono::steady_clock::time_point next;
};

/// Never destroyed: gRPC's threads may outlive the end of main().
Reporter& reporter() {
  static auto* const only = new Reporter;
  return *only;
}

void take(gpr_log_func_args* line) {
  if (line->severity != GPR_LOG_SEVERITY_ERROR || !std::string_view(line->file).ends_with(kHandshakes)) return;
  auto& to = reporter();
  const std::lock_guard lock(to.mutex);
  const auto now = std::chrono::steady_clock::now();
  if (!to.say || now < to.next) return;
  to.next = now + kSayAgain;
  to.say("TLS with a peer: " + std::string(line->message));
}

}  // namespace

void quieten_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function(take);
  });
}

void report_failed_handshakes(std::function<void(const std::string&)> say) {
  quieten_library();
  const std::lock_guard lock(reporter().mutex);
  reporter().say = std::move(say);
}

}  // namespace ldt::rpc
