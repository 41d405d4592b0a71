// The parts of a running participant that its RPC methods use.
// Depends on the folder's other headers. Built by run.cpp, which owns the parts.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "participant/book.h"
#include "participant/rules.h"
#include "participant/server/readers.h"
#include "participant/server/reporter.h"
#include "participant/server/writer.h"

namespace ldt::participant {

struct Host {
  const Rules& rules;
  const std::string& database;  // the file
  Writer& writer;
  Readers& readers;
  Reporter& reporter;
  bool allow_failures;
};

}  // namespace ldt::participant
