// Who may call what, by the names in certificates: the one list that every gRPC server with TLS asks.
// Pure. The list itself is at the top of callers.cpp.
// Invariant: what is not on the list is refused, unknown methods and unknown names included.
#pragma once

#include <string_view>

namespace ldt {

/// @param caller  a name of the caller's certificate: "order", "payment", ..., "operator"
/// @param method  as gRPC has it: "/ldt.payment.v1.PaymentService/Charge"
[[nodiscard]] bool may_call(std::string_view caller, std::string_view method);

}  // namespace ldt
