// Runs the shipped group commit.
#include "simulation/participant_node.h"

#include <algorithm>
#include <array>

#include "participant/storage/sqlite/schema.h"

namespace ldt::simulation {

using participant::Decider;
using participant::Job;

/// Kept alive by the node until the transaction that holds it is answered.
class ParticipantNode::BatchJob final : public Job {
 public:
  BatchJob(ParticipantNode& node, const std::vector<BatchCommand>& commands, BatchReply reply)
      : node_(node), reply_(std::move(reply)) {
    for (const auto& command : commands) commands_.emplace_back(command);
  }
  [[nodiscard]] std::size_t size() const override { return commands_.size(); }
  void list(participant::Touched&) const override {}  // the storage has everything in memory
  Result<void> decide(Decider& decider) override {
    for (auto& command : commands_) {
      if (auto decided = command.decide(decider); !decided) return decided;
    }
    return {};
  }
  void durable() override {
    std::vector<BatchAnswer> answers;
    for (const auto& command : commands_) {
      const auto fate = command.fate();
      const bool told = fate == participant::Fate::kAnswer || fate == participant::Fate::kUnknown;
      require(told, "W2", "a command that holds up others travelled in a batch");
      node_.count_strike(command);
      answers.push_back({command.answer(), fate == participant::Fate::kUnknown});
      const auto& answer = command.answer().answer;
      if (answer.replayed) node_.world_.tally.count("participant: remembered answer replayed");
      if (answer.state == participant::OperationState::kTombstone) node_.world_.tally.count("participant: TOMBSTONE");
      if (answer.state == participant::OperationState::kUndone) node_.world_.tally.count("participant: UNDONE");
      if (answer.error != participant::CommandError::kNone) violated("W2", "a command was a conflict or malformed");
    }
    reply_(std::move(answers));
  }
  void failed(const Error&) override {
    reply_(std::vector<BatchAnswer>(commands_.size(), BatchAnswer{.answer = {}, .unknown = true}));
  }

 private:
  ParticipantNode& node_;
  std::vector<participant::SingleCommand> commands_;
  const BatchReply reply_;
};

class ParticipantNode::CallJob final : public Job {
 public:
  CallJob(ParticipantNode& node, participant::SingleRequest request, CallReply reply)
      : node_(node), command_(std::move(request)), reply_(std::move(reply)) {}
  [[nodiscard]] std::size_t size() const override { return 1; }
  void list(participant::Touched& touched) const override { command_.list(touched); }
  Result<void> decide(Decider& decider) override { return command_.decide(decider); }
  void durable() override {
    const bool fits = command_.answer().answer.error == participant::CommandError::kNone;
    require(fits, "W2", "a command was a conflict or malformed");
    node_.count_strike(command_);
    switch (command_.fate()) {
      case participant::Fate::kAnswer:
        return reply_({CallEnd::Status::kOk, command_.answer()});
      case participant::Fate::kAnswerLate:
        return node_.later(node_.local_now() - node_.world_.now() + command_.delay().count() * kMillisecond,
                           [reply = reply_, answer = command_.answer()] {
                             reply({CallEnd::Status::kOk, answer});
                           });
      case participant::Fate::kSilence:
        return;
      case participant::Fate::kUnknown:
        return reply_({CallEnd::Status::kUnknown, {}});
      case participant::Fate::kCrash:
        throw ProcessEnded{"a CRASH instruction struck", true};
    }
  }
  void failed(const Error&) override { reply_({CallEnd::Status::kUnknown, {}}); }

 private:
  ParticipantNode& node_;
  participant::SingleCommand command_;
  const CallReply reply_;
};

class ParticipantNode::ChangeJob final : public Job {
 public:
  ChangeJob(Change change, ChangeReply reply) : change_(std::move(change)), reply_(std::move(reply)) {}
  [[nodiscard]] std::size_t size() const override { return 1; }
  void list(participant::Touched&) const override {}
  Result<void> decide(Decider& decider) override {
    auto answer = change_(decider);
    if (!answer) return tl::unexpected(answer.error());
    answer_ = *answer;
    return {};
  }
  void durable() override { reply_(answer_); }
  void failed(const Error& error) override { reply_(tl::unexpected(error)); }

 private:
  const Change change_;
  const ChangeReply reply_;
  participant::OperatorAnswer answer_;
};

ParticipantNode::ParticipantNode(World& world, Host host, const std::string& folder, const participant::Rules& rules)
    : Node(world, host, folder),
      rules_(rules),
      recent_operations_(world.random.chance(500) ? 65'536 : static_cast<std::size_t>(world.random.between(4, 24))),
      rows_per_save_(world.random.between(1, 24)) {}

ParticipantNode::~ParticipantNode() = default;

bool ParticipantNode::open() {
  parts_ = std::make_unique<Parts>(recent_operations_);
  const auto migrations = participant::migrations("");
  auto options = owner_options();
  options.migrations = migrations;
  auto store = participant::Store::open(database(), options);
  if (!store) {
    world_.note(name(), "cannot open:", store.error().detail);
    return false;
  }
  parts_->store = std::move(*store);
  if (auto loaded = parts_->store->load(parts_->book); !loaded) {
    world_.note(name(), "cannot load:", loaded.error().detail);
    return false;
  }
  parts_->group_commit = std::make_unique<participant::GroupCommit>(
      rules_, *parts_->store, parts_->book, clock_,
      [this](std::chrono::nanoseconds, std::size_t commands) {
        if (commands > 1) world_.tally.count("participant: commands that shared a commit", static_cast<int>(commands));
      },
      rows_per_save_);
  check_balances();
  ++price_version_;  // whoever watches prices asks again
  return true;
}

void ParticipantNode::close(bool orderly) {
  if (orderly && parts_ != nullptr && parts_->group_commit != nullptr) {
    if (parts_->group_commit->finish()) world_.tally.count("participant: projection saved at the end");
  }
  parts_.reset();
}

void ParticipantNode::submit(std::unique_ptr<Job> job) {
  if (!up()) return;
  parts_->queue.push_back(std::move(job));
  if (parts_->woken) return;
  parts_->woken = true;
  later(std::max<Micros>(busy_until() - world_.now(), 0) + 5, [this] { write(); });
}

void ParticipantNode::write() {
  parts_->woken = false;
  const auto jobs = std::exchange(parts_->queue, {});
  std::vector<Job*> plain;
  for (const auto& job : jobs) plain.push_back(job.get());
  run([&] {
    const auto done = parts_->group_commit->perform(plain);
    if (done) return check_balances();
    world_.tally.count("participant: batch rolled back");
    world_.note(name(), "batch rolled back:", done.error().detail);
  });
}

void ParticipantNode::count_strike(const participant::SingleCommand& command) {
  if (command.struck().empty()) return;
  const auto& terms = rules_.terms();
  const bool is_do = command.request().verb == participant::Verb::kDo;
  world_.tally.count("struck: " + std::string(is_do ? terms.do_step : terms.undo_step) + " " +
                     std::string(command.struck()));
}

void ParticipantNode::check_balances() const {
  for (participant::NameId id = 1; id <= parts_->book.name_count(); ++id) {
    require(parts_->book.holding(id).balance >= 0, "I2",
            std::string(name()) + ": " + parts_->book.name(id) + " holds less than nothing");
  }
}

void ParticipantNode::execute(const std::vector<BatchCommand>& commands, BatchReply reply) {
  submit(std::make_unique<BatchJob>(*this, commands, std::move(reply)));
}

void ParticipantNode::call(participant::SingleRequest request, CallReply reply) {
  submit(std::make_unique<CallJob>(*this, std::move(request), std::move(reply)));
}

void ParticipantNode::change(Change change, ChangeReply reply) {
  submit(std::make_unique<ChangeJob>(std::move(change), [this, reply = std::move(reply)](auto answer) {
    if (answer && !answer->replayed) ++price_version_;
    reply(std::move(answer));
  }));
}

}  // namespace ldt::simulation
