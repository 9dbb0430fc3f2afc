// Internal header: makes chosen system calls of this program fail.
//
// faults.cc defines the functions of the C library that make system calls, such as recv(). A
// program that links it, or runs with it preloaded, calls these, and they call the real ones or
// fail. A *plan* says which call fails, and how. Calls inside the C library itself, for example
// those of getaddrinfo(), are not seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace faults {

enum class Call : std::uint8_t {
  kAccept4,
  kBind,
  kClose,
  kConnect,
  kEpollCreate1,
  kEpollCtl,
  kEpollWait,
  kEventfd,
  kEventfdRead,
  kEventfdWrite,
  kFchmod,
  kFstat,
  kGetpeername,
  kGetsockname,
  kGetsockopt,
  kLinkat,
  kListen,
  kOpen,
  kOpenat2,
  kPidfdOpen,
  kPipe2,
  kPoll,
  kPosixSpawnp,
  kPread,
  kPthreadCreate,
  kRead,
  kRecv,
  kSelect,
  kSend,
  kSendfile,
  kSendmsg,
  kSetsockopt,
  kShutdown,
  kSignalfd,
  kSocket,
  kStat,
  kWaitid,
  kWaitpid,
  kWrite,
  kWritev,
  kCount,
};

// Instead of an errno: the call transfers one byte at most.
inline constexpr int kShort = -1;

std::string_view name_of(Call call);
// Returns the errnos that the call's man page allows here, and kShort where it applies.
std::span<const int> faults_of(Call call);

struct Plan {
  // The number of the call that fails, from 0. Calls of all threads are counted.
  std::uint64_t at = 0;
  // An errno or kShort. If the call at this place cannot fail so, because threads ran in another
  // order than before, nothing happens.
  int fault = 0;
  // All later calls of the same function fail too, up to this number.
  std::uint64_t repeat = 1;
  // If set, the call at this place must be this one.
  Call call = Call::kCount;
};

// Begin to count calls, and to record which they are or to let some fail.
void record();
void begin(const Plan& plan);
// Ends that. Returns the recorded calls.
std::vector<Call> end();
// Returns how often a call has failed or was shortened since begin().
std::uint64_t struck();
// From now on writes a byte to `fd` for each recorded call, its number, and for each that fails.
void report_to(int fd);

// While it lives, calls of this thread are not counted: they are the test's own.
class Spare {
 public:
  Spare() noexcept { ++depth; }
  Spare(const Spare&) = delete;
  Spare& operator=(const Spare&) = delete;
  ~Spare() { --depth; }

  static thread_local int depth;
};

}  // namespace faults
