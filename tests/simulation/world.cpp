// Runs events and carries messages.
#include "simulation/world.h"

namespace ldt::simulation {

void violated(std::string_view rule, const std::string& what) { throw Violation(std::string(rule) + ": " + what); }

void EventLog::mix(std::string_view bytes) {
  for (const char byte : bytes) hash_ = (hash_ ^ static_cast<unsigned char>(byte)) * 0x100000001B3ULL;
}

void EventLog::add(Micros at, std::string_view who, std::string_view what, std::string_view detail) {
  hash_ = (hash_ ^ static_cast<std::uint64_t>(at)) * 0x100000001B3ULL;
  mix(who);
  mix(what);
  mix(detail);
  if (!prints_) return;
  std::printf("%12.6f  %-10.*s %.*s %.*s\n", static_cast<double>(at) / 1e6 - 1000, static_cast<int>(who.size()),
              who.data(), static_cast<int>(what.size()), what.data(), static_cast<int>(detail.size()), detail.data());
}

std::string_view to_string(Host host) {
  constexpr std::array<std::string_view, kHosts> kNames{"payment", "inventory", "delivery", "order", "clients"};
  return kNames.at(static_cast<std::size_t>(host));
}

bool World::step(Micros end) {
  if (events_.empty() || events_.top().at > end) return false;
  // The queue gives out const references only; the event is removed before anything can look at it again.
  Event event = std::move(const_cast<Event&>(events_.top()));
  events_.pop();
  now_ = event.at;
  ++events_run_;
  event.run();
  return true;
}

Micros World::delay() {
  if (faults && random.chance(network.late)) {
    tally.count("fault: message late");
    return random.between(10 * kMillisecond, kSecond);
  }
  return random.between(network.usual_us / 2, network.usual_us * 2);
}

bool World::send(Host from, Host to, Micros sent_at, std::function<void()> arrive) {
  if (cut(from, to)) {
    tally.count("fault: message lost in a partition");
    return false;
  }
  if (faults && random.chance(network.loss)) {
    tally.count("fault: message lost");
    return false;
  }
  const bool is_http = from == Host::kClients || to == Host::kClients;  // which nothing repeats but the client
  if (faults && !is_http && random.chance(network.duplicate)) {
    tally.count("fault: message duplicated");
    at(sent_at + random.between(1, 4 * kSecond), arrive);
  }
  at(sent_at + delay(), std::move(arrive));
  return true;
}

}  // namespace ldt::simulation
