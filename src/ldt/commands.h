// Every command, as a function from its arguments to the exit code. Each prints what it has to say.
// Invariant: an exit code is one of exit_codes.h.
#pragma once

#include "ldt/arguments.h"

namespace ldt {

int run(const UpCommand& command);         // up.cpp
int run(const DownCommand& command);       // down.cpp
int run(const MigrateCommand& command);    // migrate.cpp
int run(const OrderCommand& command);      // place_order.cpp
int run(const OrdersCommand& command);     // read_orders.cpp
int run(const SagasCommand& command);      // read_orders.cpp
int run(const CancelCommand& command);     // change_orders.cpp
int run(const RetryCommand& command);      // change_orders.cpp
int run(const AccountCommand& command);    // read_balances.cpp
int run(const WalletCommand& command);     // read_balances.cpp
int run(const InventoryCommand& command);  // read_balances.cpp
int run(const AuditCommand& command);      // audit.cpp
int run(const RestockCommand& command);    // operate.cpp
int run(const PriceCommand& command);      // operate.cpp
int run(const GrantCommand& command);      // operate.cpp
int run(const LogsCommand& command);       // logs.cpp
int run(const TraceCommand& command);      // trace.cpp
int run(const BenchCommand& command);      // bench/bench.cpp

int run(const CertificatesCommand& command);  // certificates.cpp

}  // namespace ldt
