// `ldt`: the command line and the supervisor. Knows services as processes and through their public API.
// Only wires: arguments.cpp reads the command line, one file per group of commands carries it out.

#include <variant>

#include "ldt/arguments.h"
#include "ldt/commands.h"

int main(int argc, char** argv) {
  const auto parsed = ldt::parse(argc, argv);
  if (const int* exit_code = std::get_if<int>(&parsed)) return *exit_code;
  return std::visit([](const auto& command) { return ldt::run(command); }, std::get<ldt::Command>(parsed));
}
