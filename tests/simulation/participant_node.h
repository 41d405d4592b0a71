// payment, inventory or delivery: the shipped decisions and storage, run as the server's writer thread runs them.
// Depends on ldt::participant_storage. Invariant: one job queue, one group commit at a time, as in the server's Writer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "participant/book.h"
#include "participant/storage/single_command.h"
#include "participant/storage/sqlite/group_commit.h"
#include "participant/storage/sqlite/store.h"
#include "simulation/node.h"

namespace ldt::simulation {

/// A command as it travels, in a batch or alone.
using BatchCommand = participant::SingleRequest;

struct BatchAnswer {
  participant::SingleAnswer answer;
  bool unknown = false;  // the transaction was rolled back, or a failure instruction struck
};

/// How a unary call ends, if it does.
struct CallEnd {
  enum class Status { kOk, kUnknown } status = Status::kOk;
  participant::SingleAnswer answer;
};

class ParticipantNode final : public Node {
 public:
  ParticipantNode(World& world, Host host, const std::string& folder, const participant::Rules& rules);
  ~ParticipantNode() override;

  using BatchReply = std::function<void(std::vector<BatchAnswer>)>;
  using CallReply = std::function<void(CallEnd)>;
  using Change = std::function<Result<participant::OperatorAnswer>(participant::Decider&)>;
  using ChangeReply = std::function<void(Result<participant::OperatorAnswer>)>;

  /// What arrives; replies are called by the process, when it answers.
  void execute(const std::vector<BatchCommand>& commands, BatchReply reply);
  void call(participant::SingleRequest request, CallReply reply);
  void change(Change change, ChangeReply reply);

  [[nodiscard]] const participant::Book& book() const { return parts_->book; }
  [[nodiscard]] const participant::Rules& rules() const { return rules_; }
  /// Counts up with each price that was set, over all incarnations.
  [[nodiscard]] std::uint64_t price_version() const { return price_version_; }
  [[nodiscard]] std::string database() const { return path("journal.db"); }

 private:
  class BatchJob;
  class CallJob;
  class ChangeJob;
  struct Parts {
    explicit Parts(std::size_t recent) : book(recent) {}
    std::unique_ptr<participant::Store> store;
    participant::Book book;
    std::unique_ptr<participant::GroupCommit> group_commit;
    std::vector<std::unique_ptr<participant::Job>> queue;
    bool woken = false;
  };

  bool open() override;
  void close(bool orderly) override;
  void submit(std::unique_ptr<participant::Job> job);
  void write();
  void check_balances() const;
  void count_strike(const participant::SingleCommand& command);

  const participant::Rules& rules_;
  std::unique_ptr<Parts> parts_;
  std::uint64_t price_version_ = 0;
  // Small, and different in each run: what is rare with the real sizes happens often.
  const std::size_t recent_operations_;
  const std::int64_t rows_per_save_;
};

}  // namespace ldt::simulation
