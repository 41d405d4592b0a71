#include "services/order/peers/participant_links.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace ldt::order {

Replicas::Replicas(saga::Participant participant, std::vector<PeerAddress> addresses, const ReplySink& sink)
    : participant_(participant) {
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    links_.push_back(std::make_unique<ParticipantLink>(
        participant, std::move(addresses[i]), sink,
        [this, i](std::vector<PendingCommand> commands) { return take_over(i, std::move(commands)); }));
  }
}

void Replicas::start() {
  for (auto& link : links_) link->start();
}

void Replicas::stop() {
  for (auto& link : links_) link->stop();
}

void Replicas::send(std::vector<Command> commands) {
  const auto now = std::chrono::steady_clock::now();
  std::vector<PendingCommand> pending;
  pending.reserve(commands.size());
  for (auto& command : commands) pending.push_back({std::move(command), now});
  share_out(std::move(pending));
}

/// By holder, to the first that is well from there on; where none is, it waits at its own.
std::size_t Replicas::choose(const Command& command) const {
  const bool by_sku = participant_ == saga::Participant::kInventory;
  const std::size_t own = std::hash<std::string>{}(by_sku ? command.sku : command.user) % links_.size();
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const std::size_t next = (own + i) % links_.size();
    if (links_[next]->is_well()) return next;
  }
  return own;
}

void Replicas::share_out(std::vector<PendingCommand> commands) {
  if (links_.size() == 1) return links_.front()->send(std::move(commands));
  std::vector<std::vector<PendingCommand>> shares(links_.size());
  for (auto& pending : commands) shares[choose(pending.command)].push_back(std::move(pending));
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (!shares[i].empty()) links_[i]->send(std::move(shares[i]));
  }
}

std::vector<PendingCommand> Replicas::take_over(std::size_t from, std::vector<PendingCommand> commands) {
  const bool none = std::none_of(links_.begin(), links_.end(),
                                 [&](const auto& link) { return link != links_[from] && link->is_well(); });
  if (none) return commands;
  share_out(std::move(commands));
  return {};
}

Health Replicas::health(std::chrono::milliseconds window) const {
  Health best = Health::kDown;  // of three values, the smaller the better
  for (const auto& link : links_) best = std::min(best, link->health(window));
  return best;
}

ParticipantLinks::ParticipantLinks(Addresses addresses, const ReplySink& sink) {
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    participants_.push_back(
        std::make_unique<Replicas>(static_cast<saga::Participant>(i), std::move(addresses[i]), sink));
  }
}

void ParticipantLinks::start() {
  for (auto& participant : participants_) participant->start();
}

void ParticipantLinks::stop() {
  for (auto& participant : participants_) participant->stop();
}

void ParticipantLinks::send(saga::Participant to, std::vector<Command> commands) {
  participants_[static_cast<std::size_t>(to)]->send(std::move(commands));
}

Health ParticipantLinks::health(saga::Participant to, std::chrono::milliseconds window) const {
  return participants_[static_cast<std::size_t>(to)]->health(window);
}

}  // namespace ldt::order
