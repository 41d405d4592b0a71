#include "support/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "support/eventually.h"

namespace ldt::testing {
namespace {

namespace fs = std::filesystem;

struct ProcessFacts {
  std::string program;
  char state = 'X';
  pid_t parent = 0;
};

/// From /proc/<pid>/stat: "pid (program) state parent ...".
std::optional<ProcessFacts> facts_of(const std::string& pid) {
  const std::string text = read_text("/proc/" + pid + "/stat");
  const auto open = text.find('(');
  const auto close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return std::nullopt;
  ProcessFacts facts;
  facts.program = text.substr(open + 1, close - open - 1);
  std::istringstream rest(text.substr(close + 1));
  rest >> facts.state >> facts.parent;
  return facts;
}

int exit_code_from(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

/// Runs in the child, where only async-signal-safe calls are allowed.
[[noreturn]] void become(char* const* words, char* const* environment, int output) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (output >= 0) {
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
  }
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  execve(words[0], words, environment);
  _exit(127);
}

/// Dozens of marketplaces run at once, and only the tests of the telemetry store need one: the others go without,
/// unless the test or whoever started it says otherwise.
std::map<std::string, std::string> with_defaults(std::map<std::string, std::string> added) {
  if (std::getenv("LDT_TELEMETRY_STORE") == nullptr) added.emplace("LDT_TELEMETRY_STORE", "off");
  added.emplace("LDT_STORE", "");  // a Marketplace says which
  return added;
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& wanted) {
  const auto added = with_defaults(wanted);
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    if (!added.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : added) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> as_pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Process::Process(const Command& command) {
  if (access(command.words.at(0).c_str(), X_OK) != 0) throw std::runtime_error("no program " + command.words[0]);
  int output = -1;
  if (!command.output.empty()) {
    output = open(command.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (output < 0) throw std::runtime_error("cannot write " + command.output.string());
  }
  auto words = command.words;
  auto environment = merged_environment(command.environment);
  const auto word_pointers = as_pointers(words);
  const auto environment_pointers = as_pointers(environment);
  pid_ = fork();
  if (pid_ == 0) become(word_pointers.data(), environment_pointers.data(), output);
  if (output >= 0) close(output);
  if (pid_ < 0) throw std::runtime_error("cannot fork");
}

Process::~Process() { end(); }

bool Process::running() { return !wait(std::chrono::milliseconds(0)).has_value(); }

void Process::signal(int number) const {
  if (!exit_code_) kill(pid_, number);
}

std::optional<int> Process::wait(std::chrono::milliseconds patience) {
  eventually(
      [&] {
        int status = 0;
        if (!exit_code_ && waitpid(pid_, &status, WNOHANG) == pid_) exit_code_ = exit_code_from(status);
        return exit_code_.has_value();
      },
      patience);
  return exit_code_;
}

int Process::end(std::chrono::milliseconds patience) {
  signal(SIGTERM);
  if (!wait(patience)) {
    signal(SIGKILL);
    wait(std::chrono::seconds(10));
  }
  return exit_code_.value_or(-1);
}

Finished run_to_end(const Command& command, std::chrono::milliseconds patience) {
  const TemporaryFolder folder;
  Command captured = command;
  captured.output = folder.path() / "output";
  Process process(captured);
  if (!process.wait(patience)) process.signal(SIGKILL);
  const int exit_code = process.wait(std::chrono::seconds(10)).value_or(-1);
  return {exit_code, read_text(captured.output)};
}

bool is_running(pid_t pid) {
  const auto facts = facts_of(std::to_string(pid));
  return facts && facts->state != 'Z' && facts->state != 'X';
}

std::multimap<std::string, pid_t> children_of(pid_t parent) {
  std::multimap<std::string, pid_t> children;
  for (const auto& entry : fs::directory_iterator("/proc", fs::directory_options::skip_permission_denied)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto facts = facts_of(name);
    if (facts && facts->parent == parent && facts->state != 'Z') children.emplace(facts->program, std::stoi(name));
  }
  return children;
}

std::string read_text(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "ldt-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a folder like " + pattern);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!kept_) fs::remove_all(path_, ignored);
}

}  // namespace ldt::testing
