#include "crashes/services.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "support/eventually.h"
#include "support/marketplace.h"

namespace ldt::crashes {
namespace {

namespace fs = std::filesystem;
using testing::eventually;
using testing::Process;

constexpr std::chrono::milliseconds kWatchEvery{3};

/// Held while a process is started: a fork that another's open files slip into would keep their locks.
std::mutex starting;

std::string name_of(std::size_t service) { return std::string(kServiceNames.at(service)); }

std::vector<std::string> words_for(std::size_t service, const fs::path& data, const std::string& address) {
  const std::string name = name_of(service);
  const auto socket = [&](std::string_view of) { return "unix:" + (data / "run" / of).string() + ".sock"; };
  std::vector<std::string> words{testing::program("ldt-" + name),
                                 "--db",
                                 data / name / (name + ".db"),
                                 "--listen",
                                 socket(name),
                                 "--log-dir",
                                 data / "log",
                                 "--allow-failures"};
  const auto batches = [&](std::string_view of) { return (data / "run" / of).string() + ".batches"; };
  if (service != kOrderService) {
    words.insert(words.end(), {"--batches", batches(name)});
    return words;
  }
  for (const auto participant : kServiceNames) {
    if (participant == kServiceNames[kOrderService]) continue;
    words.insert(words.end(), {"--" + std::string(participant) + "-batches", batches(participant)});
  }
  for (const auto& [flag, value] :
       std::initializer_list<std::pair<std::string, std::string>>{{"--http", address},
                                                                  {"--payment", socket("payment")},
                                                                  {"--inventory", socket("inventory")},
                                                                  {"--delivery", socket("delivery")},
                                                                  {"--operator-token-file", data / "operator.token"}}) {
    words.insert(words.end(), {flag, value});
  }
  return words;
}

}  // namespace

Services::Services() : address_("127.0.0.1:" + std::to_string(testing::free_port())) { prepare(); }

Services::Services(const fs::path& copied_from) : address_("127.0.0.1:" + std::to_string(testing::free_port())) {
  for (const auto name : kServiceNames) {
    fs::create_directories(data() / name);
    for (const auto& file : fs::directory_iterator(copied_from / name)) {
      fs::copy_file(file.path(), data() / name / file.path().filename());
    }
  }
  prepare();
}

void Services::prepare() {
  for (const auto name : kServiceNames) {
    const auto program = testing::program("ldt-" + std::string(name));
    if (!fs::exists(program)) throw std::runtime_error("there is no program " + program.string());
  }
  for (const auto* folder : {"run", "log", "control"}) fs::create_directories(data() / folder);
  std::ofstream(data() / "operator.token") << "operator\n";
  map_controls();
  watcher_ = std::thread([this] { watch(); });
}

Services::~Services() {
  ending_ = true;
  watcher_.join();
  for (auto* control : controls_) munmap(control, sizeof(Control));
}

void Services::map_controls() {
  for (std::size_t i = 0; i < kServices; ++i) {
    const auto path = data() / "control" / (name_of(i) + ".control");
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(Control)) != 0) throw std::runtime_error("cannot make " + path.string());
    void* memory = mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (memory == MAP_FAILED) throw std::runtime_error("cannot map " + path.string());
    controls_[i] = static_cast<Control*>(memory);
  }
}

fs::path Services::output(std::size_t service) const { return data() / "log" / (name_of(service) + ".stderr"); }

/// The watcher's thread alone starts processes: they get SIGTERM when the thread that started them ends.
void Services::watch() {
  while (!ending_) {
    {
      const std::lock_guard lock(mutex_);
      for (std::size_t i = 0; i < kServices; ++i) {
        auto& process = processes_[i];
        if (process && !process->running()) {
          ended_.push_back({i, process->wait(std::chrono::milliseconds(0)).value_or(-1)});
          process.reset();
          if (!restarting_) wanted_[i] = false;
        }
        if (wanted_[i] && !process) launch(i);
      }
    }
    std::this_thread::sleep_for(kWatchEvery);
  }
  const std::lock_guard lock(mutex_);
  for (auto& process : processes_) {
    if (process) process->signal(SIGKILL);
    process.reset();
  }
}

void Services::launch(std::size_t service) {
  const std::lock_guard lock(starting);
  processes_[service] = std::make_unique<Process>(
      testing::Command{words_for(service, data(), address_),
                       output(service),
                       {{"LD_PRELOAD", CRASH_SHIM}, {kControlFolderVariable, (data() / "control").string()}}});
}

void Services::start() {
  const std::lock_guard lock(mutex_);
  wanted_.fill(true);
}

bool Services::running(std::size_t service) {
  const std::lock_guard lock(mutex_);
  return processes_[service] && processes_[service]->running();
}

bool Services::wait_until_ready(std::chrono::milliseconds patience) {
  testing::Http http(address_);
  return eventually([&] { return http.send("GET", "/readyz").status == 200; }, patience);
}

bool Services::stop(std::size_t service, bool orderly) {
  std::unique_ptr<Process> process;
  {
    const std::lock_guard lock(mutex_);
    wanted_[service] = false;
    process = std::move(processes_[service]);
  }
  if (!process) return true;
  process->signal(orderly ? SIGTERM : SIGKILL);
  return process->wait(std::chrono::seconds(10)).has_value();
}

void Services::stop_all() {
  for (std::size_t i = 0; i < kServices; ++i) stop(i);
}

void Services::disarm() {
  for (auto* control : controls_) {
    control->armed = kIdle;
    control->until_ms = 0;
    control->taken_back = 0;
    for (auto& count : control->counts) count = 0;
  }
}

void Services::arm(std::size_t service, const Strike& strike) {
  disarm();
  Control& control = *controls_.at(service);
  control.fault = static_cast<std::uint32_t>(strike.fault);
  control.target_class = static_cast<std::uint32_t>(strike.what);
  control.target = strike.number;
  control.seed = strike.seed;
  control.armed = kArmed;
}

std::vector<Ended> Services::take_ended() {
  const std::lock_guard lock(mutex_);
  return std::exchange(ended_, {});
}

}  // namespace ldt::crashes
