// Frames over a Unix socket: whole or not at all, whatever pieces the socket takes and gives.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "platform/frames/unix_socket.h"

namespace {

using ldt::frames::FrameConnection;
using ldt::frames::Listener;
using ldt::process::UniqueFd;

struct Pair {
  Pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
    near = UniqueFd(ends[0]);
    far = UniqueFd(ends[1]);
  }
  UniqueFd near, far;
};

std::string framed(const std::string& body) {
  const auto length = static_cast<std::uint32_t>(body.size());
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + body;
}

/// What arrives at `connection` until it ends.
std::vector<std::string> all_frames(FrameConnection& connection) {
  std::vector<std::string> frames;
  connection.run([&](std::string_view frame) { frames.emplace_back(frame); });
  return frames;
}

TEST(Frames, ArriveInOrderEmptyOnesToo) {
  Pair pair;
  FrameConnection sender(std::move(pair.near));
  FrameConnection receiver(std::move(pair.far));
  EXPECT_TRUE(sender.send(""));
  EXPECT_TRUE(sender.send("one"));
  EXPECT_TRUE(sender.send(std::string(100'000, 'x')));
  sender.close();
  EXPECT_EQ(all_frames(receiver), (std::vector<std::string>{"", "one", std::string(100'000, 'x')}));
}

TEST(Frames, OneLargerThanTheSocketHoldsFollowsByItself) {
  Pair pair;
  FrameConnection sender(std::move(pair.near));
  FrameConnection receiver(std::move(pair.far));
  const std::string large(8'000'000, 'y');
  EXPECT_TRUE(sender.send(large));  // returns at once: nobody reads yet
  EXPECT_TRUE(sender.send("after"));
  std::thread sending([&] { sender.run([](std::string_view) {}); });
  std::vector<std::string> frames;
  receiver.run([&](std::string_view frame) {
    frames.emplace_back(frame);
    if (frames.size() == 2) receiver.close();
  });
  sending.join();
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_TRUE(frames[0] == large);
  EXPECT_EQ(frames[1], "after");
}

TEST(Frames, ArriveWholeHoweverTheyAreCut) {
  Pair pair;
  FrameConnection receiver(std::move(pair.far));
  const std::string bytes = framed("first") + framed("") + framed("second");
  std::thread sending([&] {
    for (const char byte : bytes) {
      ASSERT_EQ(::send(pair.near.get(), &byte, 1, 0), 1);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    pair.near.reset();
  });
  EXPECT_EQ(all_frames(receiver), (std::vector<std::string>{"first", "", "second"}));
  sending.join();
}

TEST(Frames, ATornOneIsNotDelivered) {
  Pair pair;
  FrameConnection receiver(std::move(pair.far));
  const std::string bytes = framed("whole") + framed("torn").substr(0, 6);
  ASSERT_EQ(::send(pair.near.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  pair.near.reset();
  EXPECT_EQ(all_frames(receiver), std::vector<std::string>{"whole"});
}

TEST(Frames, AnImpossibleLengthEndsTheConnection) {
  Pair pair;
  FrameConnection receiver(std::move(pair.far));
  const std::string bytes = framed("whole") + "\xff\xff\xff\xff rest";
  ASSERT_EQ(::send(pair.near.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  EXPECT_EQ(all_frames(receiver), std::vector<std::string>{"whole"});
  EXPECT_FALSE(receiver.send("too late"));
}

TEST(Frames, ToAPeerThatIsGoneAreRefused) {
  Pair pair;
  FrameConnection sender(std::move(pair.near));
  pair.far.reset();
  EXPECT_FALSE(sender.send("nobody reads this"));
}

TEST(Frames, ToAPeerThatReadsNothingAreRefusedInTheEnd) {
  Pair pair;
  FrameConnection sender(std::move(pair.near));
  const std::string large(ldt::frames::kMaxFrameBytes, 'z');
  EXPECT_FALSE(sender.send(large + "z")) << "larger than any";
  int taken = 0;
  while (taken < 10 && sender.send(large)) ++taken;
  EXPECT_GE(taken, 2);
  EXPECT_LE(taken, 4);
}

TEST(Frames, CloseEndsARunThatWaits) {
  Pair pair;
  FrameConnection receiver(std::move(pair.far));
  auto ended = std::async(std::launch::async, [&] { return all_frames(receiver).size(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  receiver.close();
  EXPECT_EQ(ended.get(), 0U);
}

class Listening : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = "/tmp/ldt-frames-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path() const { return folder_ + "/socket"; }

 private:
  std::string folder_;
};

/// Sends back what it gets.
void echo(FrameConnection& connection) {
  connection.run([&](std::string_view frame) { connection.send(frame); });
}

TEST_F(Listening, NobodyThere) { EXPECT_FALSE(ldt::frames::connect(path()).has_value()); }

TEST_F(Listening, ServesManyAndTakesADeadOnesPlace) {
  for (int round = 0; round < 2; ++round) {  // the second finds the first's socket
    auto listener = Listener::start(path(), echo);
    ASSERT_TRUE(listener.has_value()) << listener.error().detail;
    for (int i = 0; i < 100; ++i) {  // more, one after the other, than at once
      auto socket = ldt::frames::connect(path());
      ASSERT_TRUE(socket.has_value()) << socket.error().detail;
      FrameConnection connection(std::move(*socket));
      ASSERT_TRUE(connection.send("again " + std::to_string(i)));
      std::string answer;
      connection.run([&](std::string_view frame) {
        answer = frame;
        connection.close();
      });
      ASSERT_EQ(answer, "again " + std::to_string(i));
    }
  }
}

TEST_F(Listening, StopEndsWhatIsServed) {
  auto listener = Listener::start(path(), echo);
  ASSERT_TRUE(listener.has_value());
  auto socket = ldt::frames::connect(path());
  ASSERT_TRUE(socket.has_value());
  FrameConnection connection(std::move(*socket));
  auto ended = std::async(std::launch::async, [&] { return all_frames(connection).size(); });
  (*listener)->stop();
  EXPECT_EQ(ended.get(), 0U);
}

TEST_F(Listening, APathTooLongIsSaid) {
  const auto listener = Listener::start(std::string(200, 'p'), echo);
  ASSERT_FALSE(listener.has_value());
  EXPECT_NE(listener.error().detail.find("too long"), std::string::npos);
}

}  // namespace
