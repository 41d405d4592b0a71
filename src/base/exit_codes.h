// Exit codes of the services, which the supervisor understands.
// Depends on nothing. Invariant: only a failure instruction ends a process with kStruckExitCode.
#pragma once

namespace ldt {

inline constexpr int kBadCommandLineExitCode = 2;
inline constexpr int kDataUnusableExitCode = 3;  // in use, of a newer version, or broken
inline constexpr int kCannotListenExitCode = 4;
inline constexpr int kCommitInDoubtExitCode = 5;  // a COMMIT failed and may have happened: restart, recovery finds out
inline constexpr int kStruckExitCode = 86;        // a CRASH instruction struck: restart at once

}  // namespace ldt
