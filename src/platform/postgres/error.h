// What can go wrong with PostgreSQL, in the classes that a caller treats differently.
// Depends on base only.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

#include "base/result.h"

namespace ldt::postgres {

enum class ErrorClass {
  kConnection,  // lost, refused, or to a server that may not be written to: connect again
  kRetry,       // deadlock, serialization failure, lock timeout: the transaction may be tried again from its start
  kConstraint,  // a unique, foreign, check or not-null constraint
  kOther,       // a full disk, a missing table, a bug
};

struct Error {
  ErrorClass kind = ErrorClass::kOther;
  std::string sqlstate;  // five characters; empty: the server did not say
  std::string detail;    // one line; never a password

  /// For callers who only tell it.
  [[nodiscard]] ldt::Error plain() const {
    return {kind == ErrorClass::kConnection ? ErrorKind::kUnavailable : ErrorKind::kInternal, "PostgreSQL: " + detail};
  }
};

template <class T>
using Result = tl::expected<T, Error>;

}  // namespace ldt::postgres
