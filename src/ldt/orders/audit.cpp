// `ldt audit`: both conservation equations in numbers, and every order that breaks a rule.
// Depends on the public API and the operator token.
// Invariant: exits 0 only where the server found nothing and both equations hold.

#include "ldt/orders/audit.h"

#include <initializer_list>

#include "ldt/client/api_client.h"
#include "ldt/commands.h"
#include "ldt/exit_codes.h"
#include "ldt/output/json_access.h"
#include "ldt/output/table.h"
#include "ldt/output/terminal.h"

namespace ldt {
namespace {

struct Term {
  const char* member;
  const char* name;
};

/// left = the sum of the right.
struct Equation {
  const char* subject;
  Term left;
  std::initializer_list<Term> right;
};

constexpr Term kCreditsLeft{"granted", "granted"};
const Equation kCredits{"credits",
                        kCreditsLeft,
                        {{"balances", "balances"},
                         {"completed_charges", "charges of completed orders"},
                         {"charges_in_flight", "charges in flight"}}};
const Equation kStock{
    "stock", {"put_in", "put in"}, {{"on_hand", "on hand"}, {"reserved", "reserved"}, {"sold", "sold"}}};

bool holds(const boost::json::value& numbers, const Equation& equation) {
  const auto left = json::number(numbers, equation.left.member);
  std::int64_t sum = 0;
  for (const Term& term : equation.right) {
    const auto value = json::number(numbers, term.member);
    if (!value) return false;
    sum += *value;
  }
  return left == sum;
}

void print_equation(const boost::json::value& audit, const Equation& equation) {
  const auto& numbers = json::object(audit, equation.subject);
  std::string line =
      padded(equation.subject, 8) + " " + equation.left.name + " " + json::cell(numbers, equation.left.member);
  const char* joint = " = ";
  for (const Term& term : equation.right) {
    line += std::string(joint) + term.name + " " + json::cell(numbers, term.member);
    joint = " + ";
  }
  const bool good = holds(numbers, equation);
  print(line + "   " + coloured(stdout, good ? Colour::kGood : Colour::kBad, good ? "holds" : "BROKEN") + "\n");
}

void print_orders(const boost::json::value& audit) {
  const auto* orders = json::object(audit, "orders").if_object();
  if (orders == nullptr) return;
  std::string line = padded("orders", 8);
  for (const auto& member : *orders) {
    line += " " + std::string(member.key()) + " " + json::cell(json::object(audit, "orders"), member.key());
  }
  print(line + "\n");
}

void print_violations(const boost::json::value& audit) {
  Table table({{"ORDER"}, {"RULE"}, {"DETAIL"}});
  for (const auto& violation : json::array(audit, "violations")) {
    table.add({json::cell(violation, "order_id"), json::cell(violation, "rule"), json::cell(violation, "detail")});
  }
  print(table.empty() ? "no order breaks a rule\n" : table.text());
}

}  // namespace

bool is_clean_audit(const boost::json::value& audit) {
  return json::flag(audit, "ok") && json::array(audit, "violations").empty() &&
         holds(json::object(audit, "credits"), kCredits) && holds(json::object(audit, "stock"), kStock);
}

void print_audit(const boost::json::value& audit) {
  print_equation(audit, kCredits);
  print_equation(audit, kStock);
  print_orders(audit);
  print_violations(audit);
  const bool clean = is_clean_audit(audit);
  print(coloured(stdout, clean ? Colour::kGood : Colour::kBad, clean ? "clean" : "NOT CLEAN") + "\n");
}

int run(const AuditCommand& command) {
  bool clean = false;
  const int exit_code = present(
      command.target,
      [&](const ApiClient& api) {
        return api.get("/v1/audit", ApiClient::As::kOperator).map([&](Answer answer) {
          clean = answer.ok() && is_clean_audit(answer.json);
          return answer;
        });
      },
      print_audit);
  return exit_code == kExitOk && !clean ? kExitNegative : exit_code;
}

}  // namespace ldt
