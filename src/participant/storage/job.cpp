// Lists what commands touch.
#include "participant/storage/job.h"

namespace ldt::participant {

void Touched::command(const Command& command) {
  if (!valid(rules, command)) return;
  holders.push_back(command.holder);
  orders.push_back(command.order);
}

void Touched::change(std::string_view holder, std::string_view key) {
  holders.push_back(holder);
  if (!key.empty()) keys.push_back(key);
}

}  // namespace ldt::participant
