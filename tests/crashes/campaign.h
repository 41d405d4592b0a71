// Runs passes side by side until all chosen points were struck, and tells what came of it.
// Depends on pass.h. Invariant: what failed is told with the command that replays it, and its data folder is kept.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "crashes/pass.h"
#include "crashes/points.h"

namespace ldt::crashes {

struct Tally {
  std::size_t struck = 0, failed = 0 /* passes */, not_reached = 0, passes = 0;
  std::size_t again = 0;         // passes that were made twice, since orders ended otherwise than the documents allow
  std::uint64_t taken_back = 0;  // writes that power cuts dropped
  std::map<std::string, std::array<std::size_t, kServices>> by_operation;  // "wal-write kill": struck, by service
};

class Campaign {
 public:
  /// @param journal  a file that is told of every point that a pass without a violation is done with; "": none
  explicit Campaign(std::size_t jobs, const std::string& journal = "");

  /// Counts what each service does where nothing strikes.
  /// @return false where even that fails
  bool count(Counts& counts);
  /// Each element is one pass: at most one point for each phase. Gives up after many failed ones.
  void run(const std::vector<std::map<int, Point>>& passes);

  [[nodiscard]] const Tally& tally() const { return tally_; }

 private:
  void work_off(const std::vector<std::map<int, Point>>& passes);
  void note_again(const PassResult& result);
  void note_trouble(const std::string& what);
  void note(Services& services, const PassResult& result);
  void tell_progress(std::size_t passes);

  const std::size_t jobs_;
  std::ofstream journal_;
  std::mutex mutex_;
  std::atomic<std::size_t> working_{0};  // threads
  std::size_t next_ = 0;
  std::size_t done_ = 0;
  Tally tally_;
};

}  // namespace ldt::crashes
