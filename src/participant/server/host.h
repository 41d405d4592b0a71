// The parts of a running participant that its RPC methods use.
// Depends on the folder's other headers. Built by run.cpp, which owns the parts.
#pragma once

#include "participant/rules.h"
#include "participant/server/readers.h"
#include "participant/server/reporter.h"
#include "participant/server/writer.h"
#include "participant/storage/storage.h"

namespace ldt::participant {

struct Host {
  const Rules& rules;
  Storage& storage;
  Writer& writer;
  Readers& readers;
  Reporter& reporter;
  bool allow_failures;
};

}  // namespace ldt::participant
