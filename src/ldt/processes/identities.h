// The certificates of a marketplace on this machine: who has one, and where.
// Depends on platform/tls.
#pragma once

#include <string>

#include "base/result.h"
#include "platform/tls/authority.h"

namespace ldt {

/// In the data folder: the CA, and below it a folder for each name.
inline constexpr const char* kTlsFolder = "tls";

using tls::Renew;

/// For each service, and for the operator's tools.
[[nodiscard]] inline Result<void> provide_certificates(const std::string& folder, Renew renew = Renew::kWhatEnds) {
  return tls::provide_identities(folder, {"order", "payment", "inventory", "delivery", "telemetry", "operator"},
                                 SystemClock().wall(), renew);
}

}  // namespace ldt
