// A TCP proxy before PostgreSQL that now and then cuts a connection at the worst moment: the server has committed, and
// its answer does not arrive.
// Invariant: an answer to COMMIT either goes through or its connection ends.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace ldt::testing {

class CommitCutter {
 public:
  /// @param one_of  so many answers to COMMIT, on average, is cut off; 0: none until cut_one_of()
  CommitCutter(int server_port, std::uint64_t seed);
  ~CommitCutter();
  CommitCutter(const CommitCutter&) = delete;
  CommitCutter& operator=(const CommitCutter&) = delete;

  [[nodiscard]] int port() const { return port_; }
  void cut_one_of(int commits) { one_of_ = commits; }
  [[nodiscard]] int cut() const { return cut_; }

 private:
  void accept_connections();
  void serve(int client);
  [[nodiscard]] bool shall_cut();

  const int server_port_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> one_of_{0}, cut_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;  // of what follows
  std::mt19937_64 random_;
  std::vector<std::jthread> connections_;
  std::jthread acceptor_;
};

}  // namespace ldt::testing
