// Tells ThreadSanitizer in which order Debian's gRPC does things, which it cannot see, since Debian's libraries are not
// instrumented: what was done under an Abseil lock, and what was done before an operation whose completion is heard of.
// Preloaded (LD_PRELOAD) into the services under test; does nothing in programs without ThreadSanitizer.
// Invariant: it only tells of order that is there, so it hides no race of the services' own code.
#include <dlfcn.h>
#include <link.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <absl/synchronization/mutex.h>

extern "C" {
__attribute__((weak)) void __tsan_acquire(void* address);
__attribute__((weak)) void __tsan_release(void* address);
}

namespace {

void acquired(void* lock) {
  if (__tsan_acquire != nullptr) __tsan_acquire(lock);
}

void releasing(void* lock) {
  if (__tsan_release != nullptr) __tsan_release(lock);
}

[[noreturn]] void missing(const char* what) {
  std::fprintf(stderr, "grpc_order: there is no %s to go on to\n", what);
  std::abort();
}

/// Abseil's own function of the same name as `ours`, a member of one of its classes.
template <class Member>
Member next(Member ours) {
  void* address = nullptr;
  __builtin_memcpy(&address, &ours, sizeof address);
  Dl_info known{};
  void* theirs = nullptr;
  if (dladdr(address, &known) != 0 && known.dli_sname != nullptr) theirs = dlsym(RTLD_NEXT, known.dli_sname);
  if (theirs == nullptr) missing("function of Abseil");
  Member found{};
  __builtin_memcpy(&found, &theirs, sizeof theirs);
  return found;
}

// --- an operation is begun in one thread, and its completion is heard in another ---

/// gRPC's grpc_completion_queue_functor, as far as it matters: what a completion runs.
struct Functor {
  void (*run)(Functor*, int);
};
using Run = void (*)(Functor*, int);

constexpr int kRuns = 4;  // gRPC's headers have two such functions; each program and library may have its own copies
std::atomic<Run> runs[kRuns];

template <int kIndex>
void run_in_order(Functor* functor, int ok) {
  acquired(functor);
  runs[kIndex].load()(functor, ok);
}

constexpr Run kInOrder[kRuns] = {run_in_order<0>, run_in_order<1>, run_in_order<2>, run_in_order<3>};

/// True where the address is one of code. The tags of calls that are waited for have data there.
bool is_code(Run address) {
  struct Search {
    std::uintptr_t address;
    bool found;
  } search{reinterpret_cast<std::uintptr_t>(address), false};
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto& searched = *static_cast<Search*>(data);
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const auto& segment = info->dlpi_phdr[i];
          const auto begin = info->dlpi_addr + segment.p_vaddr;
          if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
          searched.found |= searched.address >= begin && searched.address < begin + segment.p_memsz;
        }
        return 0;
      },
      &search);
  return search.found;
}

/// Makes the functor tell of the order when it is run.
void put_in_order(Functor* functor) {
  const Run run = functor->run;
  for (const Run ours : kInOrder) {
    if (run == ours) return;
  }
  for (int i = 0; i < kRuns; ++i) {
    Run known = runs[i].load();
    if (known == nullptr && !is_code(run)) return;
    if (known == nullptr && runs[i].compare_exchange_strong(known, run)) known = run;
    if (known != run) continue;
    functor->run = kInOrder[i];
    return;
  }
  missing("room for another kind of completion");
}

}  // namespace

extern "C" int grpc_call_start_batch(void* call, const void* ops, std::size_t count, void* tag, void* reserved) {
  using Start = int (*)(void*, const void*, std::size_t, void*, void*);
  static const auto start = reinterpret_cast<Start>(dlsym(RTLD_NEXT, "grpc_call_start_batch"));
  if (start == nullptr) missing("grpc_call_start_batch");
  if (tag != nullptr) {
    put_in_order(static_cast<Functor*>(tag));
    releasing(tag);
  }
  return start(call, ops, count, tag, reserved);
}

namespace absl {
ABSL_NAMESPACE_BEGIN

void Mutex::Lock() {
  static const auto lock = next(&Mutex::Lock);
  (this->*lock)();
  acquired(this);
}

bool Mutex::TryLock() {
  static const auto try_lock = next(&Mutex::TryLock);
  const bool locked = (this->*try_lock)();
  if (locked) acquired(this);
  return locked;
}

void Mutex::Unlock() {
  static const auto unlock = next(&Mutex::Unlock);
  releasing(this);
  (this->*unlock)();
}

void CondVar::Wait(Mutex* mutex) {
  static const auto wait = next(&CondVar::Wait);
  releasing(mutex);
  (this->*wait)(mutex);
  acquired(mutex);
}

bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  static const auto wait = next(&CondVar::WaitWithDeadline);
  releasing(mutex);
  const bool expired = (this->*wait)(mutex, deadline);
  acquired(mutex);
  return expired;
}

bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  static const auto wait = next(&CondVar::WaitWithTimeout);
  releasing(mutex);
  const bool expired = (this->*wait)(mutex, timeout);
  acquired(mutex);
  return expired;
}

ABSL_NAMESPACE_END
}  // namespace absl
