// Performs commands: recall, decide, record.
// Pure.
#include "participant/participant.h"

#include <array>
#include <string>

namespace ldt::participant {

namespace {

std::int64_t signed_amount(const Terms& terms, Effect effect, std::int64_t amount) {
  constexpr std::array<std::int64_t, 3> kFactors{0, 1, -1};  // kNothing, kApply, kReverse
  return kFactors.at(static_cast<std::size_t>(effect)) * terms.sign * amount;
}

}  // namespace

void apply(const JournalRow& row, Holding& holding) {
  holding.balance += row.delta;
  if (row.kind == RowKind::kGrant) holding.granted += row.delta;
  if (row.kind == RowKind::kPrice) holding.price = row.payload.amount;
  if (row.kind == RowKind::kGrant || row.kind == RowKind::kPrice || row.delta != 0) holding.open = true;
  if (row.is_entry()) holding.last_entry = row.seq;
}

bool valid(const Rules& rules, const Command& command) {
  const Terms& terms = rules.terms();
  if (command.amount < terms.min_amount || command.amount > terms.max_amount) return false;
  if (!rules.valid_holder(command.holder)) return false;
  return terms.has_item ? rules.valid_item(command.item) : command.item.empty();
}

Result<Answer> Participant::execute(const Command& command, WallTime now, bool refuse) {
  if (!valid(rules_, command)) return Answer{.error = CommandError::kInvalid};
  const auto remembered = recall(command.order);
  if (!remembered) return tl::unexpected(remembered.error());

  const auto payload = remembered->state == kNone
                           ? intern_payload(command)
                           : Payload{book_.find_name(command.holder), book_.find_name(command.item), command.amount};
  if (!payload) return tl::unexpected(payload.error());

  bool accepted = false;
  if (needs_verdict(remembered->state, command.verb)) {
    if (auto opened = open_if_new(payload->holder, now); !opened) return tl::unexpected(opened.error());
    accepted = !refuse && rules_.accepts(book_.holding(payload->holder), command.amount);
  }
  const auto decision = decide(*remembered, command.verb, *payload, accepted);
  if (!decision) return Answer{.error = CommandError::kConflict};
  if (!decision->replayed) {
    if (auto done = record(command, *payload, *decision, now); !done) return tl::unexpected(done.error());
  }
  return Answer{decision->state, CommandError::kNone, decision->replayed};
}

Result<Operation> Participant::recall(const OrderId& order) {
  if (const auto known = book_.recall(order)) return *known;
  const auto stored = journal_.find(order);
  if (!stored) return tl::unexpected(stored.error());
  if (!*stored) return Operation{};
  book_.remember(order, **stored);
  return **stored;
}

Result<NameId> Participant::intern(std::string_view name) {
  if (name.empty()) return kNoName;
  if (const NameId known = book_.find_name(name); known != kNoName) return known;
  const NameId id = book_.add_name(name);
  if (auto added = journal_.add_name(id, name); !added) return tl::unexpected(added.error());
  return id;
}

Result<Payload> Participant::intern_payload(const Command& command) {
  const auto holder = intern(command.holder);
  if (!holder) return tl::unexpected(holder.error());
  const auto item = intern(command.item);
  if (!item) return tl::unexpected(item.error());
  return Payload{*holder, *item, command.amount};
}

Result<void> Participant::open_if_new(NameId holder, WallTime now) {
  if (book_.holding(holder).open) return {};
  const auto opening = rules_.opening();
  if (!opening) return {};
  return append_grant(holder, *opening, now);
}

Result<void> Participant::record(const Command& command, const Payload& payload, const Decision& decision,
                                 WallTime now) {
  JournalRow row{.seq = book_.next_seq(),
                 .at = now,
                 .kind = command.verb == Verb::kDo ? RowKind::kDo : RowKind::kUndo,
                 .state = decision.state,
                 .order = command.order,
                 .payload = payload,
                 .delta = signed_amount(rules_.terms(), decision.effect, payload.amount)};
  Holding holding = book_.holding(payload.holder);
  if (row.is_entry()) row.previous = holding.last_entry;
  if (auto done = journal_.append(row); !done) return done;
  apply(row, holding);
  if (holding != book_.holding(payload.holder)) book_.set_holding(payload.holder, holding);
  book_.remember(command.order, {decision.state, payload});
  return {};
}

Result<void> Participant::append_grant(NameId holder, std::int64_t amount, WallTime now) {
  Holding holding = book_.holding(holder);
  const JournalRow row{.seq = book_.next_seq(),
                       .at = now,
                       .kind = RowKind::kGrant,
                       .payload = {holder, kNoName, amount},
                       .delta = amount,
                       .previous = holding.last_entry};
  if (auto done = journal_.append(row); !done) return done;
  apply(row, holding);
  book_.set_holding(holder, holding);
  return {};
}

Result<OperatorAnswer> Participant::grant(std::string_view holder, std::int64_t amount, std::string_view key,
                                          WallTime now) {
  const std::string request = "grant " + std::to_string(amount) + " " + std::string(holder);
  if (!key.empty()) {
    const auto earlier = journal_.find_key(key);
    if (!earlier) return tl::unexpected(earlier.error());
    if (*earlier && **earlier != request) return OperatorAnswer{.error = OperatorError::kConflict};
    if (*earlier) return OperatorAnswer{.holding = book_.holding(book_.find_name(holder)), .replayed = true};
  }
  const NameId known = book_.find_name(holder);
  const bool is_open = known != kNoName && book_.holding(known).open;
  if (!is_open && !rules_.opening()) return OperatorAnswer{.error = OperatorError::kNotFound};

  const std::int64_t opening = is_open ? 0 : *rules_.opening();
  const Holding before = is_open ? book_.holding(known) : Holding{.balance = opening, .granted = opening};
  if (before.balance > rules_.terms().max_balance - amount || before.granted > kMaxGranted - amount) {
    return OperatorAnswer{.error = OperatorError::kLimit};
  }
  const auto id = intern(holder);
  if (!id) return tl::unexpected(id.error());
  if (auto done = open_if_new(*id, now); !done) return tl::unexpected(done.error());
  if (auto done = append_grant(*id, amount, now); !done) return tl::unexpected(done.error());
  if (!key.empty()) {
    if (auto done = journal_.add_key(key, request, book_.last_seq()); !done) return tl::unexpected(done.error());
  }
  return OperatorAnswer{.holding = book_.holding(*id), .created = !is_open};
}

Result<OperatorAnswer> Participant::set_price(std::string_view holder, std::int64_t price, WallTime now) {
  const auto id = intern(holder);
  if (!id) return tl::unexpected(id.error());
  Holding holding = book_.holding(*id);
  const bool created = !holding.open;
  if (!created && holding.price == price) return OperatorAnswer{.holding = holding, .replayed = true};
  const JournalRow row{
      .seq = book_.next_seq(), .at = now, .kind = RowKind::kPrice, .payload = {*id, kNoName, price}, .delta = 0};
  if (auto done = journal_.append(row); !done) return tl::unexpected(done.error());
  apply(row, holding);
  book_.set_holding(*id, holding);
  return OperatorAnswer{.holding = holding, .created = created};
}

}  // namespace ldt::participant
