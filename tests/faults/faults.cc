#include "faults.h"

#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <mutex>

namespace faults {

thread_local int Spare::depth = 0;

namespace {

struct Description {
  std::string_view name;
  std::span<const int> faults;
};

#define FAULTS(name, ...) constexpr int name[] = {__VA_ARGS__}
// What accept(2) lists, and the network errors that it says Linux passes on.
FAULTS(kOfAccept, EAGAIN, ECONNABORTED, EINTR, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPERM, EPROTO,
       ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH);
FAULTS(kOfBind, EACCES, EADDRINUSE, EADDRNOTAVAIL, ENOMEM);
FAULTS(kOfClose, EINTR, EIO, ENOSPC, EDQUOT);
FAULTS(kOfConnect, EACCES, EPERM, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN, ECONNREFUSED,
       ENETUNREACH, EPROTOTYPE, ETIMEDOUT);
FAULTS(kOfEpollCreate, EMFILE, ENFILE, ENOMEM);
FAULTS(kOfEpollCtl, ENOMEM, ENOSPC);
FAULTS(kInterrupted, EINTR);
FAULTS(kOfEventfd, EMFILE, ENFILE, ENODEV, ENOMEM);
FAULTS(kOfEventfdUse, EAGAIN);
FAULTS(kOfFchmod, EPERM, EROFS, EIO);
FAULTS(kOfFstat, ENOMEM, EOVERFLOW);
FAULTS(kOfGetpeername, ENOBUFS, ENOTCONN);
FAULTS(kOfGetsockname, ENOBUFS);
FAULTS(kOfGetsockopt, ENOPROTOOPT, ENOBUFS);
FAULTS(kOfLinkat, EACCES, EDQUOT, EEXIST, EIO, EMLINK, ENOENT, ENOMEM, ENOSPC, EPERM, EROFS, EXDEV);
FAULTS(kOfListen, EADDRINUSE);
FAULTS(kOfOpen, EACCES, EDQUOT, EINTR, ELOOP, EMFILE, ENAMETOOLONG, ENFILE, ENODEV, ENOENT, ENOMEM,
       ENOSPC, EOPNOTSUPP, EOVERFLOW, EPERM, EROFS);
FAULTS(kOfOpenat2, EACCES, EAGAIN, EINTR, ELOOP, EMFILE, ENFILE, ENOENT, ENOMEM, EXDEV, EIO);
FAULTS(kOfPidfdOpen, EMFILE, ENFILE, ENODEV, ENOMEM, ESRCH);
FAULTS(kOfPipe, EMFILE, ENFILE);
FAULTS(kOfPoll, EINTR, ENOMEM);
FAULTS(kOfSpawn, EAGAIN, ENOMEM, ENOENT, EACCES, E2BIG);
FAULTS(kOfPread, EINTR, EIO, EAGAIN, kShort);
FAULTS(kOfThread, EAGAIN);
FAULTS(kOfRead, EAGAIN, EINTR, EIO, kShort);
FAULTS(kOfRecv, EAGAIN, EINTR, ECONNREFUSED, ECONNRESET, ENOMEM, ETIMEDOUT, kShort);
FAULTS(kOfSelect, EINTR, ENOMEM);
FAULTS(kOfSend, EAGAIN, EINTR, ECONNRESET, ENOBUFS, ENOMEM, EPIPE, ETIMEDOUT, kShort);
FAULTS(kOfSendfile, EAGAIN, EINVAL, EIO, ENOMEM, EOVERFLOW, EPIPE, ECONNRESET, ENOSYS, kShort);
FAULTS(kOfSetsockopt, ENOPROTOOPT, ENOBUFS, ENOMEM);
FAULTS(kOfShutdown, ENOTCONN);
FAULTS(kOfSignalfd, EMFILE, ENFILE, ENODEV, ENOMEM);
FAULTS(kOfSocket, EACCES, EAFNOSUPPORT, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPROTONOSUPPORT);
FAULTS(kOfStat, EACCES, ELOOP, ENOENT, ENOMEM, ENOTDIR, EOVERFLOW);
FAULTS(kOfWait, EINTR, ECHILD);
FAULTS(kOfWrite, EAGAIN, EDQUOT, EFBIG, EINTR, EIO, ENOSPC, EPIPE, ECONNRESET, kShort);
#undef FAULTS

constexpr std::array<Description, static_cast<std::size_t>(Call::kCount)> kCalls = {{
    {"accept4", kOfAccept},
    {"bind", kOfBind},
    {"close", kOfClose},
    {"connect", kOfConnect},
    {"epoll_create1", kOfEpollCreate},
    {"epoll_ctl", kOfEpollCtl},
    {"epoll_wait", kInterrupted},
    {"eventfd", kOfEventfd},
    {"read of an eventfd", kOfEventfdUse},
    {"write to an eventfd", kOfEventfdUse},
    {"fchmod", kOfFchmod},
    {"fstat", kOfFstat},
    {"getpeername", kOfGetpeername},
    {"getsockname", kOfGetsockname},
    {"getsockopt", kOfGetsockopt},
    {"linkat", kOfLinkat},
    {"listen", kOfListen},
    {"open", kOfOpen},
    {"openat2", kOfOpenat2},
    {"pidfd_open", kOfPidfdOpen},
    {"pipe2", kOfPipe},
    {"poll", kOfPoll},
    {"posix_spawnp", kOfSpawn},
    {"pread", kOfPread},
    {"pthread_create", kOfThread},
    {"read", kOfRead},
    {"recv", kOfRecv},
    {"select", kOfSelect},
    {"send", kOfSend},
    {"sendfile", kOfSendfile},
    {"sendmsg", kOfSend},
    {"setsockopt", kOfSetsockopt},
    {"shutdown", kOfShutdown},
    {"signalfd", kOfSignalfd},
    {"socket", kOfSocket},
    {"stat", kOfStat},
    {"waitid", kOfWait},
    {"waitpid", kOfWait},
    {"write", kOfWrite},
    {"writev", kOfWrite},
}};

enum class Mode : std::uint8_t { kOff, kRecord, kFail };

std::mutex mutex;  // guards what follows, except `mode`
std::atomic<Mode> mode = Mode::kOff;
std::vector<Call> calls;
Plan plan;
std::uint64_t counted = 0;
std::uint64_t failed = 0;
Call victim = Call::kCount;
int reported_to = -1;

void report(Call call) {
  if (reported_to < 0) return;
  const Spare own;
  const auto byte = static_cast<char>(call);
  static_cast<void>(::write(reported_to, &byte, 1));
}

bool can_fail_so(Call call) {
  if (plan.call != Call::kCount && plan.call != call) return false;
  for (const int fault : faults_of(call)) {
    if (fault == plan.fault) return true;
  }
  return false;
}

// Counts the call. Returns how it fails: an errno, kShort, or 0.
int strike(Call call) {
  if (mode.load(std::memory_order_relaxed) == Mode::kOff || Spare::depth > 0) return 0;
  const std::scoped_lock lock(mutex);
  if (mode == Mode::kOff) return 0;
  if (mode == Mode::kRecord) {
    const Spare own;
    calls.push_back(call);
    report(call);
    return 0;
  }
  const std::uint64_t number = counted++;
  if (number == plan.at && can_fail_so(call)) victim = call;
  if (number < plan.at || call != victim || failed == plan.repeat) return 0;
  ++failed;
  report(call);
  return plan.fault;
}

// Fails as a system call does.
int fail(int error) {
  errno = error;
  return -1;
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

std::string_view name_of(Call call) {
  return kCalls[static_cast<std::size_t>(call)].name;
}

std::span<const int> faults_of(Call call) {
  return kCalls[static_cast<std::size_t>(call)].faults;
}

void record() {
  const std::scoped_lock lock(mutex);
  calls.clear();
  mode = Mode::kRecord;
}

void begin(const Plan& new_plan) {
  const std::scoped_lock lock(mutex);
  plan = new_plan;
  counted = failed = 0;
  victim = Call::kCount;
  mode = Mode::kFail;
}

std::vector<Call> end() {
  const std::scoped_lock lock(mutex);
  mode = Mode::kOff;
  return std::move(calls);
}

std::uint64_t struck() {
  const std::scoped_lock lock(mutex);
  return failed;
}

void report_to(int fd) {
  const std::scoped_lock lock(mutex);
  reported_to = fd;
}

}  // namespace faults

// ---- the functions ------------------------------------------------------------------------------

// Each is defined under a name of its own and has the C library's as its symbol, because the
// headers declare some with attributes that a definition here would have to repeat.

using faults::Call;

#define CALLED(symbol, result, parameters)                                                      \
  extern "C"                                                                                    \
      __attribute__((visibility("default"))) result fault_##symbol parameters __asm__(#symbol); \
  extern "C" result fault_##symbol parameters

// A call that only fails: it is not made then.
#define FAILING(call, symbol, result, parameters, arguments)            \
  CALLED(symbol, result, parameters) {                                  \
    static auto* const real = faults::next<result parameters>(#symbol); \
    const int fault = faults::strike(Call::call);                       \
    return fault != 0 ? faults::fail(fault) : real arguments;           \
  }

// A call that transfers `size` bytes, which can be fewer.
#define TRANSFER(call, symbol, parameters, arguments)                    \
  CALLED(symbol, ssize_t, parameters) {                                  \
    static auto* const real = faults::next<ssize_t parameters>(#symbol); \
    const int fault = faults::strike(Call::call);                        \
    if (fault > 0) return faults::fail(fault);                           \
    if (fault == faults::kShort && size > 1) size = 1;                   \
    return real arguments;                                               \
  }

using Length = unsigned;  // socklen_t
struct iovec {
  void* base;
  std::size_t size;
};
// The beginning of the C library's; the rest is passed on.
struct msghdr;

FAILING(kAccept4, accept4, int, (int fd, void* address, Length* length, int flags),
        (fd, address, length, flags))
FAILING(kBind, bind, int, (int fd, const void* address, Length length), (fd, address, length))
FAILING(kConnect, connect, int, (int fd, const void* address, Length length), (fd, address, length))
FAILING(kEpollCreate1, epoll_create1, int, (int flags), (flags))
FAILING(kEpollWait, epoll_wait, int, (int fd, void* events, int count, int timeout),
        (fd, events, count, timeout))
FAILING(kFchmod, fchmod, int, (int fd, unsigned to), (fd, to))
FAILING(kFstat, fstat, int, (int fd, void* status), (fd, status))
FAILING(kGetpeername, getpeername, int, (int fd, void* address, Length* length),
        (fd, address, length))
FAILING(kGetsockname, getsockname, int, (int fd, void* address, Length* length),
        (fd, address, length))
FAILING(kGetsockopt, getsockopt, int, (int fd, int level, int name, void* value, Length* length),
        (fd, level, name, value, length))
FAILING(kLinkat, linkat, int, (int from, const char* old, int to, const char* path, int flags),
        (from, old, to, path, flags))
FAILING(kPipe2, pipe2, int, (int* fds, int flags), (fds, flags))
FAILING(kPoll, poll, int, (void* fds, unsigned long count, int timeout), (fds, count, timeout))
FAILING(kSelect, select, int, (int count, void* read, void* write, void* other, void* timeout),
        (count, read, write, other, timeout))
FAILING(kSetsockopt, setsockopt, int,
        (int fd, int level, int name, const void* value, Length length),
        (fd, level, name, value, length))
FAILING(kSocket, socket, int, (int domain, int type, int protocol), (domain, type, protocol))
FAILING(kStat, stat, int, (const char* path, void* status), (path, status))
FAILING(kWaitid, waitid, int, (int type, unsigned id, void* info, int options),
        (type, id, info, options))
FAILING(kWaitpid, waitpid, int, (int pid, int* status, int options), (pid, status, options))

TRANSFER(kPread, pread, (int fd, void* data, std::size_t size, long at), (fd, data, size, at))
TRANSFER(kRecv, recv, (int fd, void* data, std::size_t size, int flags), (fd, data, size, flags))
TRANSFER(kSend, send, (int fd, const void* data, std::size_t size, int flags),
         (fd, data, size, flags))
TRANSFER(kSendfile, sendfile, (int to, int from, long* at, std::size_t size), (to, from, at, size))

namespace {

// Which descriptors are eventfds, and which listen: these fail in fewer ways.
using Marks = std::array<std::atomic<bool>, 4096>;
Marks eventfds;
Marks listeners;

std::atomic<bool>& mark(Marks& marks, int fd) {
  static std::atomic<bool> none;
  const auto index = static_cast<std::size_t>(fd);
  if (index < marks.size()) return marks[index];
  none = false;
  return none;
}

const iovec* first_filled(const iovec* parts, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (parts[i].size > 0) return &parts[i];
  }
  return nullptr;
}

}  // namespace

CALLED(eventfd, int, (unsigned count, int flags)) {
  static auto* const real = faults::next<int(unsigned, int)>("eventfd");
  if (const int fault = faults::strike(Call::kEventfd); fault != 0) return faults::fail(fault);
  const int fd = real(count, flags);
  if (fd >= 0) mark(eventfds, fd) = true;
  return fd;
}

CALLED(read, ssize_t, (int fd, void* data, std::size_t size)) {
  static auto* const real = faults::next<ssize_t(int, void*, std::size_t)>("read");
  const int fault = faults::strike(mark(eventfds, fd) ? Call::kEventfdRead : Call::kRead);
  if (fault > 0) return faults::fail(fault);
  return real(fd, data, fault == faults::kShort && size > 1 ? 1 : size);
}

// An eventfd refuses a write only if its counter is full, and then it is readable.
CALLED(write, ssize_t, (int fd, const void* data, std::size_t size)) {
  static auto* const real = faults::next<ssize_t(int, const void*, std::size_t)>("write");
  const bool eventfd = mark(eventfds, fd);
  const int fault = faults::strike(eventfd ? Call::kEventfdWrite : Call::kWrite);
  if (fault > 0) {
    if (eventfd) real(fd, data, size);
    return faults::fail(fault);
  }
  return real(fd, data, fault == faults::kShort && size > 1 ? 1 : size);
}

CALLED(listen, int, (int fd, int backlog)) {
  static auto* const real = faults::next<int(int, int)>("listen");
  const int fault = faults::strike(Call::kListen);
  if (fault == 0) {
    mark(listeners, fd) = true;
    return real(fd, backlog);
  }
  return faults::fail(fault);
}

// Only a connection can have lost its peer.
CALLED(shutdown, int, (int fd, int how)) {
  static auto* const real = faults::next<int(int, int)>("shutdown");
  const int fault = mark(listeners, fd) ? 0 : faults::strike(Call::kShutdown);
  if (fault == 0) return real(fd, how);
  return faults::fail(fault);
}

// These two call read() and write() inside the C library.
CALLED(eventfd_read, int, (int fd, std::uint64_t* value)) {
  return fault_read(fd, value, sizeof *value) == sizeof *value ? 0 : -1;
}

CALLED(eventfd_write, int, (int fd, std::uint64_t value)) {
  return fault_write(fd, &value, sizeof value) == sizeof value ? 0 : -1;
}

// With a descriptor it only changes that one's signals.
CALLED(signalfd, int, (int fd, const void* signals, int flags)) {
  static auto* const real = faults::next<int(int, const void*, int)>("signalfd");
  const int fault = fd < 0 ? faults::strike(Call::kSignalfd) : 0;
  if (fault == 0) return real(fd, signals, flags);
  return faults::fail(fault);
}

// Linux closes the descriptor whatever close() returns.
CALLED(close, int, (int fd)) {
  static auto* const real = faults::next<int(int)>("close");
  if (fd >= 0) mark(eventfds, fd) = mark(listeners, fd) = false;
  const int result = real(fd);
  const int fault = result == 0 ? faults::strike(Call::kClose) : 0;
  if (fault == 0) return result;
  return faults::fail(fault);
}

// Only adding a descriptor needs memory or a place in the list.
CALLED(epoll_ctl, int, (int poller, int operation, int fd, void* event)) {
  static auto* const real = faults::next<int(int, int, int, void*)>("epoll_ctl");
  constexpr int kAdd = 1;
  const int fault = operation == kAdd ? faults::strike(Call::kEpollCtl) : 0;
  if (fault == 0) return real(poller, operation, fd, event);
  return faults::fail(fault);
}

CALLED(open, int, (const char* path, int flags, ...)) {
  static auto* const real = faults::next<int(const char*, int, ...)>("open");
  std::va_list rest;
  va_start(rest, flags);
  const auto mode = va_arg(rest, unsigned);
  va_end(rest);
  const int fault = faults::strike(Call::kOpen);
  if (fault == 0) return real(path, flags, mode);
  return faults::fail(fault);
}

CALLED(syscall, long, (long number, ...)) {
  static auto* const real = faults::next<long(long, ...)>("syscall");
  std::va_list rest;
  va_start(rest, number);
  std::array<long, 6> values{};
  for (long& value : values) value = va_arg(rest, long);
  va_end(rest);
  int fault = 0;
  if (number == SYS_openat2) fault = faults::strike(Call::kOpenat2);
  if (number == SYS_pidfd_open) fault = faults::strike(Call::kPidfdOpen);
  if (fault == 0) {
    return real(number, values[0], values[1], values[2], values[3], values[4], values[5]);
  }
  return faults::fail(fault);
}

CALLED(sendmsg, ssize_t, (int fd, const msghdr* message, int flags)) {
  static auto* const real = faults::next<ssize_t(int, const msghdr*, int)>("sendmsg");
  const int fault = faults::strike(Call::kSendmsg);
  if (fault == 0) return real(fd, message, flags);
  if (fault > 0) return faults::fail(fault);
  struct Header {
    void* name;
    Length name_length;
    iovec* parts;
    std::size_t count;
  };
  // msghdr begins so.
  const auto* const header = reinterpret_cast<const Header*>(message);
  const iovec* const part = first_filled(header->parts, header->count);
  if (part == nullptr) return real(fd, message, flags);
  const faults::Spare own;
  return fault_send(fd, part->base, 1, flags);
}

CALLED(writev, ssize_t, (int fd, const iovec* parts, int count)) {
  static auto* const real = faults::next<ssize_t(int, const iovec*, int)>("writev");
  const int fault = faults::strike(Call::kWritev);
  if (fault == 0) return real(fd, parts, count);
  if (fault > 0) return faults::fail(fault);
  const iovec* const part = first_filled(parts, static_cast<std::size_t>(count));
  if (part == nullptr) return real(fd, parts, count);
  const iovec first{part->base, 1};
  return real(fd, &first, 1);
}

// These return the error instead.
CALLED(posix_spawnp, int,
       (int* pid, const char* file, const void* actions, const void* attributes, char* const* args,
        char* const* environment)) {
  static auto* const real =
      faults::next<int(int*, const char*, const void*, const void*, char* const*, char* const*)>(
          "posix_spawnp");
  const int fault = faults::strike(Call::kPosixSpawnp);
  return fault != 0 ? fault : real(pid, file, actions, attributes, args, environment);
}

CALLED(pthread_create, int,
       (void* thread, const void* attributes, void* (*function)(void*), void* argument)) {
  static auto* const real =
      faults::next<int(void*, const void*, void* (*)(void*), void*)>("pthread_create");
  const int fault = faults::strike(Call::kPthreadCreate);
  return fault != 0 ? fault : real(thread, attributes, function, argument);
}
