// A development CA: one per folder, and certificates of it for a handful of names. For one machine; where there are
// several, certificates come from an authority that guards its key better.
// Depends on OpenSSL, which it hides.
// Invariant: a file is written whole or not at all; keys are readable by their owner only.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace ldt::tls {

/// Of the certificates that are there and good, only those that end within 30 days, or all of them. Never the CA.
enum class Renew { kWhatEnds, kAll };

/// Makes what is missing of `folder`/ca.crt, `folder`/ca.key and, for each name,
/// `folder`/NAME/{ca.crt,tls.crt,tls.key}; renews certificates that cannot be used, and those that `renew` names.
/// @return an Error whose detail is one line for people
[[nodiscard]] Result<void> provide_identities(const std::string& folder, const std::vector<std::string>& names,
                                              WallTime now, Renew renew = Renew::kWhatEnds);

}  // namespace ldt::tls
