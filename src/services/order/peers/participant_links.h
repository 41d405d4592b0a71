// All participants as the engine's transport: one link for each of their processes.
// Depends on participant_link.h. Invariant: commands on one holder go to one replica while it is well, so that replicas
// do not wait for each other's rows.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "services/order/peers/participant_link.h"

namespace ldt::order {

/// The replicas of one participant.
class Replicas {
 public:
  Replicas(saga::Participant participant, std::vector<PeerAddress> addresses, const ReplySink& sink);

  void start();
  void stop();
  void send(std::vector<Command> commands);
  /// Of the one that is best.
  [[nodiscard]] Health health(std::chrono::milliseconds window) const;

 private:
  [[nodiscard]] std::size_t choose(const Command& command) const;
  [[nodiscard]] std::vector<PendingCommand> take_over(std::size_t from, std::vector<PendingCommand> commands);
  void share_out(std::vector<PendingCommand> commands);

  const saga::Participant participant_;
  std::vector<std::unique_ptr<ParticipantLink>> links_;
};

class ParticipantLinks final : public Transport {
 public:
  using Addresses = std::array<std::vector<PeerAddress>, saga::kPlan.size()>;  // by saga::Participant
  ParticipantLinks(Addresses addresses, const ReplySink& sink);

  void start();
  void stop();
  void send(saga::Participant to, std::vector<Command> commands) override;
  [[nodiscard]] Health health(saga::Participant to, std::chrono::milliseconds window) const override;

 private:
  std::vector<std::unique_ptr<Replicas>> participants_;
};

}  // namespace ldt::order
