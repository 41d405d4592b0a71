#include "services/order/storage/stored_text.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>

namespace ldt::order {
namespace {

void append(std::string& text, std::int64_t value, char end) {
  std::array<char, 24> digits{};
  const auto [last, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  static_cast<void>(error);  // 24 characters hold any 64-bit integer
  text.append(digits.data(), last);
  text.push_back(end);
}

/// True for what no number is rendered as: 007, -0.
bool padded(std::string_view digits) {
  if (digits.starts_with('-')) return digits[1] == '0';
  return digits.size() > 1 && digits[0] == '0';
}

/// Reads `N` integers, separated by blanks and ended by a semicolon; the text moves on behind it.
template <std::size_t N>
Result<std::array<std::int64_t, N>> take_record(std::string_view& text) {
  std::array<std::int64_t, N> fields{};
  for (std::size_t i = 0; i < N; ++i) {
    const auto [last, error] = std::from_chars(text.data(), text.data() + text.size(), fields[i]);
    const char expected = i + 1 == N ? ';' : ' ';
    const auto digits = static_cast<std::size_t>(last - text.data());
    if (error != std::errc{} || digits == text.size() || *last != expected || padded(text.substr(0, digits))) {
      return failure(ErrorKind::kInternal, "a stored record of an order is broken");
    }
    text.remove_prefix(digits + 1);
  }
  return fields;
}

template <class Enum>
bool to_enum(std::int64_t value, std::int64_t count, Enum& out) {
  if (value < 0 || value >= count) return false;
  out = static_cast<Enum>(value);
  return true;
}

bool to_count(std::int64_t value, std::uint32_t& out) {
  if (value < 0 || value > std::numeric_limits<std::uint32_t>::max()) return false;
  out = static_cast<std::uint32_t>(value);
  return true;
}

constexpr std::int64_t kOutcomes = 8;
constexpr std::int64_t kSteps = saga::kStepCount;
constexpr std::int64_t kAbsent = -1;

}  // namespace

std::string render_attempts(const std::vector<Attempt>& attempts, WallTime accepted_at) {
  std::string text;
  for (const auto& attempt : attempts) {
    append(text, static_cast<std::int64_t>(attempt.step), ' ');
    append(text, attempt.number, ' ');
    append(text, static_cast<std::int64_t>(attempt.outcome), ' ');
    append(text, attempt.started_at.us - accepted_at.us, ' ');
    append(text, attempt.duration.count(), ';');
  }
  return text;
}

Result<std::vector<Attempt>> parse_attempts(std::string_view text, WallTime accepted_at) {
  std::vector<Attempt> attempts;
  while (!text.empty()) {
    const auto fields = take_record<5>(text);
    if (!fields) return tl::unexpected(fields.error());
    const auto& [step, number, outcome, start, duration] = *fields;
    Attempt attempt;
    if (!to_enum(step, kSteps, attempt.step) || !to_count(number, attempt.number) ||
        !to_enum(outcome, kOutcomes, attempt.outcome) ||
        __builtin_add_overflow(accepted_at.us, start, &attempt.started_at.us)) {
      return failure(ErrorKind::kInternal, "a stored attempt of an order is broken");
    }
    attempt.duration = std::chrono::microseconds(duration);
    attempts.push_back(attempt);
  }
  return attempts;
}

std::string render_failures(const std::vector<StruckInstruction>& failures) {
  std::string text;
  for (const auto& [instruction, struck] : failures) {
    append(text, static_cast<std::int64_t>(instruction.step), ' ');
    append(text, static_cast<std::int64_t>(instruction.kind), ' ');
    append(text, static_cast<std::int64_t>(instruction.effect), ' ');
    append(text, instruction.attempts.value_or(0), ' ');
    append(text, instruction.delay ? instruction.delay->count() : kAbsent, ' ');
    append(text, instruction.outcome ? static_cast<std::int64_t>(*instruction.outcome) : kAbsent, ' ');
    append(text, struck, ';');
  }
  return text;
}

Result<std::vector<StruckInstruction>> parse_failures(std::string_view text) {
  std::vector<StruckInstruction> failures;
  while (!text.empty()) {
    const auto fields = take_record<7>(text);
    if (!fields) return tl::unexpected(fields.error());
    const auto& [step, kind, effect, attempts, delay, outcome, struck] = *fields;
    StruckInstruction failure_read;
    auto& instruction = failure_read.instruction;
    instruction.attempts = 0;
    bool good = to_enum(step, kSteps, instruction.step) && to_enum(kind, 5, instruction.kind) &&
                to_enum(effect, 2, instruction.effect) && to_count(attempts, *instruction.attempts) &&
                to_count(struck, failure_read.struck);
    if (delay != kAbsent) instruction.delay = std::chrono::milliseconds(delay);
    if (outcome != kAbsent) good = good && to_enum(outcome, kOutcomes, instruction.outcome.emplace());
    if (!good) return failure(ErrorKind::kInternal, "a stored failure instruction of an order is broken");
    failures.push_back(failure_read);
  }
  return failures;
}

}  // namespace ldt::order
