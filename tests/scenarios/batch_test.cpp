// Batches as the order service sends them, over a participant's own socket: a failure instruction strikes the command
// that carries it, and its neighbours are answered as if it were not there.
// Depends on api/proto's numbers, encoded by hand.
#include <cstring>
#include <memory>

#include "support/raw_socket.h"
#include "support/scenario.h"

namespace ldt::testing {
namespace {

enum Kind : char { kTimeout = 1, kUnknown = 2, kCrash = 3, kDelay = 4, kRefuse = 5 };

std::string field(int number, const std::string& bytes) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())} + bytes;
}

std::string field(int number, char value) { return {static_cast<char>(number << 3), value}; }

std::string bytes_of(const std::string& id) {
  std::string hex;
  std::string bytes;
  for (const char c : id) {
    if (c != '-') hex += c;
  }
  for (std::size_t i = 0; i < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

std::string answer(const std::string& content) { return field(2, content); }

/// A charge of 1 credit. `kind` 0: no instruction.
std::string charge(const std::string& id, const std::string& user, char kind = 0) {
  std::string command = field(1, id) + field(2, '\1') + field(3, user) + field(5, '\1') + field(6, '\1');
  if (kind != 0) command += field(8, field(2, kind) + field(3, '\1') + field(4, '\1'));
  return field(2, command);
}

std::size_t announced(const std::string& received) {
  std::uint32_t length = 0;
  std::memcpy(&length, received.data() + sizeof length, sizeof length);
  return length;
}

/// Sends the commands as one batch, and gives back the bytes of the reply behind the greeting.
std::string reply_to(const Marketplace& market, const std::string& commands) {
  RawSocket socket(market.data() / "run" / "payment.batches");
  const std::string batch = field(1, '\7') + commands;
  const auto length = static_cast<std::uint32_t>(batch.size());
  std::string received(sizeof length, '\0');
  std::memcpy(received.data(), &length, sizeof length);
  socket.send_some(received + batch);
  received.clear();
  const auto whole = [&] {
    const bool closed = socket.drain(received);
    return closed ||
           (received.size() > 2 * sizeof length && received.size() == 2 * sizeof length + announced(received));
  };
  EXPECT_TRUE(eventually(whole)) << received.size() << " bytes came";
  return received.substr(std::min(received.size(), 2 * sizeof length));
}

/// Where all share a cluster, whose services are on several hosts and so have no such sockets: one of its own.
struct OnOneMachine {
  std::unique_ptr<Marketplace> own = runs_as_cluster() ? std::make_unique<Marketplace>() : nullptr;
};

class Batches : private OnOneMachine, public Scenario {
 protected:
  Batches() : Scenario(own ? *own : shared_marketplace()) {}
};

const std::string kDone = field(1, '\1') + field(3, '\1');  // DONE, replayed
const std::string kNotTold = field(2, '\4');                // COMMAND_ERROR_UNKNOWN
const std::string kForbidden = field(2, '\5');              // COMMAND_ERROR_FORBIDDEN
const std::string kMalformed = field(2, '\3');              // COMMAND_ERROR_INVALID

TEST_F(Batches, AnInstructionStrikesItsOwnCommandAlone) {
  const std::string user = new_user();
  const auto placed = client.place(OrderRequest{.user = user, .sku = new_sku(1, 10)});
  ASSERT_EQ(placed.status, 201) << placed.text;
  const std::string known = bytes_of(text_of(placed.body, "id"));
  const auto pid = market.pid_of("payment");

  const std::string reply = reply_to(
      market, charge(known, user, kUnknown) + charge(known, user) + charge(known, user, kCrash) + charge(known, user) +
                  charge(known, user, kTimeout) + charge(known, user, kDelay) + charge(known, user, kRefuse));

  EXPECT_EQ(reply, field(1, '\7') + answer(kNotTold) + answer(kDone) + answer(kMalformed) + answer(kDone) +
                       answer(kMalformed) + answer(kMalformed) + answer(kDone));
  EXPECT_EQ(market.pid_of("payment"), pid) << "a CRASH struck all of a batch";
}

TEST_F(Batches, InstructionsAreForbiddenWhereTheMarketplaceForbidsThemAndStrikeNothing) {
  const Marketplace strict({.up_flags = {"--no-failures"}});
  const std::string user = "batch-user";
  const std::string first = bytes_of("01890000-0000-7000-8000-000000000001");
  const std::string second = bytes_of("01890000-0000-7000-8000-000000000002");

  const std::string reply = reply_to(strict, charge(first, user, kUnknown) + charge(second, user));

  EXPECT_EQ(reply, field(1, '\7') + answer(kForbidden) + answer(field(1, '\1')));
  EXPECT_EQ(strict.client().credits(user), kInitialCredits - 1) << "what is forbidden took nothing";
}

}  // namespace
}  // namespace ldt::testing
