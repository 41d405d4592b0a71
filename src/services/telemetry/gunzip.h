// Undoes gzip.
// Hides zlib. Invariant: what comes out is never larger than the caller allows, however small it was sent.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ldt::telemetry_store {

struct Unzipped {
  std::string bytes;
  bool too_large = false;
};

/// Nothing where it is not one whole gzip stream.
[[nodiscard]] std::optional<Unzipped> gunzip(std::string_view zipped, std::size_t most);

}  // namespace ldt::telemetry_store
