#include "crashes/damage.h"

#include <atomic>
#include <cstdio>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "crashes/pass.h"
#include "crashes/report.h"
#include "crashes/services.h"
#include "support/eventually.h"

namespace ldt::crashes {
namespace {

namespace fs = std::filesystem;
using testing::Client;
using testing::Json;

constexpr std::size_t kFlips = 24;
constexpr std::size_t kAllFlips = 1000;
constexpr std::uintmax_t kPage = 2048;
constexpr const char* kPrefix = "damage";
constexpr std::size_t kShownDifference = 1000;
constexpr std::chrono::seconds kStartPatience{8};
constexpr std::chrono::seconds kSettlePatience{5};

enum class Verdict { kRefused, kAudit, kError, kHarmless, kSilent };
constexpr std::array<const char*, 5> kVerdicts{"refused at the start", "found by the audit", "an error when read",
                                               "changes nothing", "SILENTLY WRONG"};

struct Damage {
  std::size_t service = 0;
  bool wal = false;  // of a marketplace that was killed; else the main file of one that was stopped
  bool cut = false;  // off at `offset`; else a bit of the byte there is flipped
  std::uintmax_t offset = 0;
  int bit = 0;
};

std::string name_of(const Damage& damage) {
  return std::string(kServiceNames.at(damage.service)) + (damage.wal ? ".db-wal" : ".db") +
         (damage.cut ? " cut off at " : " bit " + std::to_string(damage.bit) + " flipped at ") +
         std::to_string(damage.offset);
}

fs::path file_of(const fs::path& data, std::size_t service, bool wal) {
  const std::string name(kServiceNames.at(service));
  return data / name / (name + (wal ? ".db-wal" : ".db"));
}

/// An order whose end got lost with the last of a WAL is driven to its end again, which is as it should be; only that
/// happens at another time.
Json without_times(Json orders) {
  for (auto& order : orders) {
    for (const auto* field : {"steps", "finished_at", "failures"}) order.erase(field);
  }
  return orders;
}

/// All that anybody can read about the script's users, orders and SKUs.
/// @param times  of the orders' steps, too
Json portrait(Client& client, bool times) {
  Json all;
  const auto script = make_script(kPrefix);
  for (const auto& [user, granted] : script.grants) {
    const Json orders = client.orders("user=" + user);
    all["orders"][user] = times ? orders : without_times(orders);
    all["credits"][user] = client.credits(user);
    all["entries"][user] = client.entries(user);
    all["tokens"][user] = client.wallet(user);
  }
  for (const auto& shelf : script.shelves) {
    const auto stock = client.stock(shelf.sku);
    all["stock"][shelf.sku] = {stock.price, stock.stock, stock.reserved, stock.sold};
  }
  return all;
}

/// Two copies of one marketplace's data: as it was when it was killed, and stopped in an orderly way.
struct Specimens {
  std::unique_ptr<Services> killed, stopped;
  Json portrait, portrait_without_times;
};

Specimens make_specimens() {
  const Heartbeat heartbeat("making the databases that will be damaged");
  Specimens specimens;
  Services original;
  original.start();
  if (!original.wait_until_ready()) throw std::runtime_error("a marketplace that nothing strikes does not start");
  const auto result = Pass(original, kPrefix, {}).run();
  if (!result.violations.empty()) throw std::runtime_error(result.violations.front());
  auto client = original.client();
  specimens.portrait = portrait(client, true);
  specimens.portrait_without_times = portrait(client, false);
  for (std::size_t service = 0; service < kServices; ++service) original.stop(service, false);
  specimens.killed = std::make_unique<Services>(original.data());
  original.start();
  original.wait_until_ready();
  original.stop_all();
  specimens.stopped = std::make_unique<Services>(original.data());
  return specimens;
}

std::vector<Damage> choose(const Specimens& specimens, std::size_t flips, std::uint64_t seed) {
  std::vector<Damage> damages;
  std::mt19937_64 random(seed);
  for (std::size_t service = 0; service < kServices; ++service) {
    for (const bool wal : {false, true}) {
      const auto path = file_of((wal ? specimens.killed : specimens.stopped)->data(), service, wal);
      const auto bytes = testing::read_text(path);
      if (bytes.size() < 2 * kPage) throw std::runtime_error(path.string() + " is too short to be damaged");
      for (std::size_t i = 0; i < flips; ++i) {
        std::uintmax_t offset = 0;
        do {
          offset = random() % bytes.size();
        } while (bytes[offset] == '\0');  // what is empty is mostly free
        damages.push_back({service, wal, false, offset, static_cast<int>(random() % 8)});
      }
      const std::uintmax_t size = bytes.size();
      for (const auto offset : {std::uintmax_t{0}, kPage, size / 2, size - kPage, size - 1}) {
        damages.push_back({service, wal, true, offset, 0});
      }
    }
  }
  return damages;
}

void inflict(const fs::path& file, const Damage& damage) {
  if (damage.cut) return fs::resize_file(file, damage.offset);
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(damage.offset));
  const auto byte = static_cast<char>(stream.get() ^ (1 << damage.bit));
  stream.seekp(static_cast<std::streamoff>(damage.offset));
  stream.put(byte);
}

/// @param detail  what differs, where that is silent
Verdict examine(const Specimens& specimens, const std::optional<Damage>& damage, std::string& detail) {
  const bool killed = damage && damage->wal;
  Services services((killed ? specimens.killed : specimens.stopped)->data());
  if (damage) inflict(file_of(services.data(), damage->service, damage->wal), *damage);
  services.set_restarting(false);
  services.start();
  testing::Http http = services.http();
  bool ended = false;
  const bool ready = testing::eventually(
      [&] {
        ended = !services.take_ended().empty();
        return ended || http.send("GET", "/readyz").status == 200;
      },
      kStartPatience);
  if (ended || !ready) return Verdict::kRefused;
  try {
    auto client = services.client();
    const auto audit = client.audit();
    if (!audit.at("ok").get<bool>()) return Verdict::kAudit;
    const auto& before = killed ? specimens.portrait_without_times : specimens.portrait;
    // Where the last transactions are gone, the orders that they ended are being driven to the same end again.
    Json now;
    const auto as_before = [&] { return (now = portrait(client, !killed)) == before; };
    if (testing::eventually(as_before, kSettlePatience)) return Verdict::kHarmless;
    detail = Json::diff(before, now).dump().substr(0, kShownDifference);
    services.keep();
    detail = "in " + services.data().string() + ": " + detail;
    return Verdict::kSilent;
  } catch (const std::exception&) {
    return Verdict::kError;
  }
}

class Examination {
 public:
  Examination(const Specimens& specimens, std::vector<Damage> damages)
      : specimens_(specimens), damages_(std::move(damages)) {}

  DamageTally run(std::size_t jobs) {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < jobs; ++i) workers.emplace_back([this] { work_off(); });
    while (done_ < damages_.size()) {
      std::this_thread::sleep_for(std::chrono::seconds(2));
      const std::lock_guard lock(mutex_);
      std::printf("  %zu of %zu damages, %zu silently wrong\n", done_.load(), damages_.size(), tally_.failed);
      std::fflush(stdout);
    }
    workers.clear();
    for (std::size_t i = 0; i < kVerdicts.size(); ++i) std::printf("  %-22s %zu\n", kVerdicts[i], counts_[i]);
    return tally_;
  }

 private:
  void work_off() {
    for (auto i = next_++; i < damages_.size(); i = next_++) {
      std::string detail;
      const auto verdict = examine(specimens_, damages_[i], detail);
      const std::lock_guard lock(mutex_);
      ++counts_[static_cast<std::size_t>(verdict)];
      ++(verdict == Verdict::kSilent ? tally_.failed : tally_.passed);
      if (verdict == Verdict::kSilent) {
        std::printf("FAILED\n  %s is silently wrong: %s\n", name_of(damages_[i]).c_str(), detail.c_str());
      }
      ++done_;
    }
  }

  const Specimens& specimens_;
  const std::vector<Damage> damages_;
  std::atomic<std::size_t> next_{0}, done_{0};
  std::mutex mutex_;
  std::array<std::size_t, kVerdicts.size()> counts_{};
  DamageTally tally_;
};

}  // namespace

DamageTally run_damage(std::size_t jobs, bool all, std::uint64_t seed) {
  const auto specimens = make_specimens();
  std::string detail;
  if (examine(specimens, std::nullopt, detail) != Verdict::kHarmless) {
    throw std::runtime_error("a marketplace without damage does not look as before: " + detail);
  }
  auto damages = choose(specimens, all ? kAllFlips : kFlips, seed);
  std::printf("%zu damages to database files\n", damages.size());
  return Examination(specimens, std::move(damages)).run(jobs);
}

}  // namespace ldt::crashes
