// Bit by bit, in one order for both ways.
// Depends on encoding.h.
#include "model/encoding.h"

#include <algorithm>
#include <numeric>

#include "model/guard.h"

namespace ldt::model {
namespace {

class Writer {
 public:
  template <class Value>
  void operator()(const Value& value, unsigned bits) {
    const auto number = static_cast<std::uint64_t>(value);
    if (number >> bits != 0) throw CheckFailed("the shipped code came to a value that there is not");
    word_ |= number << at_;
    at_ += bits;
  }
  [[nodiscard]] std::uint64_t word() const { return word_; }

 private:
  std::uint64_t word_ = 0;
  unsigned at_ = 0;
};

class Reader {
 public:
  explicit Reader(std::uint64_t word) : word_(word) {}
  template <class Value>
  void operator()(Value& value, unsigned bits) {
    value = static_cast<Value>(word_ & ((std::uint64_t{1} << bits) - 1));
    word_ >>= bits;
  }

 private:
  std::uint64_t word_;
};

/// 61 bits.
template <class Coder, class EngineRef>
void code_engine(Coder& code, EngineRef& engine) {
  auto& saga = engine.saga;
  code(saga.phase, 4), code(saga.row, 3), code(saga.row_exists, 1), code(saga.position, 2), code(saga.may_have_done, 3);
  code(saga.attempt, 3), code(saga.backing_off, 1), code(saga.every_attempt_timed_out, 1), code(saga.cancel_wanted, 1);
  code(saga.stuck, 1), code(saga.reason, 3), code(saga.failed_step, 3);
  auto& write = engine.write;
  code(write.under_way, 1), code(write.landed, 1), code(write.insert, 1), code(write.from, 3), code(write.to, 3);
  code(engine.asked, 6);
  for (auto& answers : engine.answers) code(answers, kAnswers.size());
}

/// 47 bits.
template <class Coder, class WorldRef>
void code_rest(Coder& code, WorldRef& world) {
  code(world.row.exists, 1), code(world.row.state, 3), code(world.row.reason, 3), code(world.row.failed_step, 3);
  for (auto& participant : world.participants) {
    code(participant.durable, 3), code(participant.desk, 2), code(participant.applied, 2),
        code(participant.reversed, 2);
  }
  code(world.sent, 6), code(world.placed, 1);
  code(world.told.never_existed, 1), code(world.told.completed, 1), code(world.told.reverted, 1);
}

std::uint64_t pack_engine(Engine engine) {
  engine.saga.attempt = std::min(engine.saga.attempt, attempt_cap(engine.saga.handling));
  Writer writer;
  code_engine(writer, engine);
  return writer.word();
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

Packed pack(const World& world, Places* places) {
  Packed packed;
  Writer writer;
  code_rest(writer, world);
  packed.words[0] = writer.word();
  for (std::size_t i = 0; i < kMaxEngines; ++i) packed.words[i + 1] = pack_engine(world.engines[i]);
  if (places != nullptr) {
    std::iota(places->begin(), places->end(), std::uint8_t{0});
    std::stable_sort(places->begin(), places->end(),
                     [&](auto a, auto b) { return packed.words[a + 1U] < packed.words[b + 1U]; });
  }
  std::sort(packed.words.begin() + 1, packed.words.end());
  return packed;
}

World unpack(const Packed& packed, const saga::Handling& handling) {
  World world;
  Reader reader(packed.words[0]);
  code_rest(reader, world);
  for (std::size_t i = 0; i < kMaxEngines; ++i) {
    Reader engine_reader(packed.words[i + 1]);
    world.engines[i].saga.handling = handling;
    code_engine(engine_reader, world.engines[i]);
  }
  return world;
}

std::uint64_t fingerprint(const Packed& packed) {
  constexpr std::array<std::uint64_t, 4> kOdd{0xa0761d6478bd642fULL, 0xe7037ed1a0b428dbULL, 0x8ebc6af09c88c6e3ULL,
                                              0x589965cc75374cc3ULL};
  const auto& words = packed.words;
  const std::uint64_t hash =
      mix(mix(words[0] ^ kOdd[0], words[1] ^ kOdd[1]), mix(words[2] ^ kOdd[2], words[3] ^ kOdd[3]) ^ kOdd[1]);
  return hash == 0 ? 1 : hash;
}

}  // namespace ldt::model
