// The four services as processes with the shim in them: started as `ldt up` starts them, restarted at once whenever
// they end, and armed with what shall strike them. `ldt up` itself would wait longer after each of a row of deaths.
// Depends on support/process.h. Invariant: nothing runs on once the object is gone.
#pragma once

#include <array>
#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "crashes/control.h"
#include "support/client.h"
#include "support/process.h"

namespace ldt::crashes {

using testing::Client;

inline constexpr std::array<std::string_view, 4> kServiceNames{"order", "payment", "inventory", "delivery"};
inline constexpr std::size_t kServices = kServiceNames.size();
inline constexpr std::size_t kOrderService = 0;

/// What is to strike: the n-th operation of a class from the moment of arming.
struct Strike {
  Fault fault = Fault::kKill;
  Class what = Class::kWalWrite;
  std::uint64_t number = 1;
  std::uint64_t seed = 1;
};

/// How a process of a service ended.
struct Ended {
  std::size_t service = 0;
  int exit_code = 0;  // 128 + n for signal n
};

class Services {
 public:
  /// Makes a data folder. Nothing runs yet.
  Services();
  /// Works on a data folder that is there; removes it at the end, too.
  explicit Services(const std::filesystem::path& copied_from);
  ~Services();
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  /// Starts those that do not run. Returns at once.
  void start();
  /// True once /readyz says so.
  bool wait_until_ready(std::chrono::milliseconds patience = std::chrono::seconds(60));
  /// SIGTERM, or kill -9; returns when it has ended. It stays down until start(). False if it did not end in time.
  bool stop(std::size_t service, bool orderly = true);
  void stop_all();

  /// Clears the counts of all and arms nothing.
  void disarm();
  /// Clears the counts of all, then arms one.
  void arm(std::size_t service, const Strike& strike);
  [[nodiscard]] const Control& control(std::size_t service) const { return *controls_[service]; }
  /// Calls the armed strike off. False if it was too late for that: it has struck.
  [[nodiscard]] bool call_off(std::size_t service) { return controls_[service]->armed.exchange(kIdle) == kArmed; }

  /// What has ended since the last call, by itself or struck; not what stop() ended.
  std::vector<Ended> take_ended();
  /// Whether a service that ends is started again; it is, unless told otherwise.
  void set_restarting(bool restarting) { restarting_ = restarting; }
  [[nodiscard]] bool running(std::size_t service);

  [[nodiscard]] Client client() const { return {address_, "operator"}; }
  [[nodiscard]] testing::Http http() const { return testing::Http(address_); }
  [[nodiscard]] const std::filesystem::path& data() const { return folder_.path(); }
  [[nodiscard]] std::filesystem::path output(std::size_t service) const;
  void keep() { folder_.keep(); }

 private:
  void prepare();
  void map_controls();
  void launch(std::size_t service);
  void watch();

  testing::TemporaryFolder folder_;
  std::string address_;
  std::array<Control*, kServices> controls_{};
  std::mutex mutex_;
  std::array<std::unique_ptr<testing::Process>, kServices> processes_;
  std::array<bool, kServices> wanted_{};
  std::vector<Ended> ended_;
  std::atomic<bool> restarting_{true};
  std::atomic<bool> ending_{false};
  std::thread watcher_;
};

}  // namespace ldt::crashes
