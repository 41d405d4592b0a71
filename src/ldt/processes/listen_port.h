// Finds out whether an address can be listened on, before anything is started.
// Depends on POSIX sockets. It only asks: the service that listens later says so too if it loses a race.
#pragma once

#include "base/result.h"
#include "ldt/client/address.h"

namespace ldt {

/// The address, with a free port in place of port 0; an Error of one line where it is in use or not ours.
[[nodiscard]] Result<Address> check_free(const Address& address);

/// Asks once.
[[nodiscard]] bool is_free(const Address& address);

}  // namespace ldt
