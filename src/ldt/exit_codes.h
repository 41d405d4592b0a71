// What `ldt` tells the shell. Depends on nothing.
#pragma once

namespace ldt {

inline constexpr int kExitOk = 0;
/// A negative answer: an order that did not complete, an audit with violations, a request that was refused.
inline constexpr int kExitNegative = 1;
inline constexpr int kExitUsage = 2;
/// The marketplace cannot be reached, or cannot start.
inline constexpr int kExitCannot = 3;

}  // namespace ldt
