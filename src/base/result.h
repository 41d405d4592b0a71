// Operating errors as values. Business outcomes are enums, bugs fail CHECK.
// Depends on tl::expected. Invariant: an Error says what failed in one line that a person can read.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace ldt {

enum class ErrorKind {
  kInvalid,      // the input is malformed; a repeat will fail again
  kNotFound,     // there is no such thing
  kConflict,     // it contradicts what is durable
  kOverloaded,   // refused before anything was done; may be repeated later
  kUnavailable,  // a peer cannot be reached; may be repeated
  kUnknown,      // it may have happened
  kInternal,     // a broken file, a full disk, ...
};

struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string detail;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> failure(ErrorKind kind, std::string detail) {
  return tl::unexpected<Error>(Error{kind, std::move(detail)});
}

}  // namespace ldt
