// Running programs, and noticing their end.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <tornado/process.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <system_error>

extern char** environ;

namespace tornado::process {
namespace {

using netutil::Socket;

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

// The C library has these calls too, but its header is wrong in C++ (glibc 2.36).
int pidfd_open(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U));
}
int pidfd_send_signal(int pidfd, int signal) {
  return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0U));
}

int code_of(const siginfo_t& info) {
  return info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
}

std::string describe_end(int code, const std::vector<std::string>& args) {
  const std::string command = "Command '" + (args.empty() ? std::string() : args.front()) + "' ";
  if (code >= 0) return command + "returned non-zero exit status " + std::to_string(code);
  const char* const name = ::sigdescr_np(-code);
  return command + "died with signal " + std::to_string(-code) +
         (name != nullptr ? std::string(" (") + name + ")" : std::string());
}

// ---- children whose loop closed before they ended: reaped when somebody makes another one -------

class Orphans {
 public:
  void add(pid_t pid) {
    const std::lock_guard lock(mutex_);
    pids_.push_back(pid);
  }
  void reap() {
    const std::lock_guard lock(mutex_);
    std::erase_if(pids_, [](pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) != 0; });
  }

 private:
  std::mutex mutex_;
  std::vector<pid_t> pids_;  // guarded by mutex_
};

Orphans& orphans() {
  static auto& all = *new Orphans;  // never destroyed: destructors of statics may close loops
  return all;
}

// ---- starting -----------------------------------------------------------------------------------

// Moves a descriptor above 0 to 2, where the child's descriptors are placed one after the other.
Socket move_up(int fd, const char* what) {
  Socket copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy) fail(errno, what);
  return copy;
}

// One of the child's standard streams: the child's end, and ours if it is a pipe.
struct Channel {
  Socket theirs;
  Socket ours;
};

Channel open_channel(Redirect redirect, bool child_reads) {
  Channel channel;
  if (redirect == Redirect()) return channel;
  if (redirect == STREAM) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) fail(errno, "pipe");
    const Socket reader(ends[0]);
    const Socket writer(ends[1]);
    channel.theirs = move_up((child_reads ? reader : writer).fileno(), "pipe");
    channel.ours = move_up((child_reads ? writer : reader).fileno(), "pipe");
  } else if (redirect == DEVNULL) {
    const Socket nowhere(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!nowhere) fail(errno, "/dev/null");
    channel.theirs = move_up(nowhere.fileno(), "/dev/null");
  } else if (redirect.value() >= 0) {
    channel.theirs = move_up(redirect.value(), "a Subprocess's descriptor");
  } else {
    throw std::invalid_argument("Subprocess: STDOUT is for stderr_ only");
  }
  return channel;
}

class SpawnActions {
 public:
  SpawnActions() { ::posix_spawn_file_actions_init(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }

  void redirect(const Socket& from, int to) {
    if (from) check(::posix_spawn_file_actions_adddup2(&actions_, from.fileno(), to));
  }
  void duplicate(int from, int to) {
    check(::posix_spawn_file_actions_adddup2(&actions_, from, to));
  }
  void finish(const std::string& cwd) {
    if (!cwd.empty()) check(::posix_spawn_file_actions_addchdir_np(&actions_, cwd.c_str()));
    check(::posix_spawn_file_actions_addclosefrom_np(&actions_, 3));
  }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  static void check(int error) {
    if (error != 0) fail(error, "posix_spawn");
  }
  posix_spawn_file_actions_t actions_;
};

class SpawnAttributes {
 public:
  explicit SpawnAttributes(bool new_session) {
    ::posix_spawnattr_init(&attributes_);
    // We ignore SIGPIPE, but a program that writes into a pipe relies on it.
    sigset_t defaults;
    ::sigemptyset(&defaults);
    ::sigaddset(&defaults, SIGPIPE);
    ::posix_spawnattr_setsigdefault(&attributes_, &defaults);
    const int flags = POSIX_SPAWN_SETSIGDEF | (new_session ? POSIX_SPAWN_SETSID : 0);
    ::posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
  }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  ~SpawnAttributes() { ::posix_spawnattr_destroy(&attributes_); }
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

// Returns a null-terminated array, as exec takes it, that points into `texts`.
std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) {
    if (text.find('\0') != std::string::npos) {
      throw std::invalid_argument("Subprocess: an argument contains a NUL");
    }
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment(const std::map<std::string, std::string>& variables) {
  std::vector<std::string> lines;
  for (const auto& [name, value] : variables) {
    if (name.empty() || name.find('=') != std::string::npos) {
      throw std::invalid_argument("Subprocess: '" + name + "' cannot be the name of a variable");
    }
    lines.push_back(name + "=" + value);
  }
  return lines;
}

pid_t spawn(std::vector<std::string> args, const SubprocessOptions& options,
            const SpawnActions& actions) {
  const SpawnAttributes attributes(options.start_new_session);
  std::vector<char*> argv = pointers_to(args);
  std::vector<std::string> variables = environment(options.env);
  std::vector<char*> envp = pointers_to(variables);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, argv.front(), actions.get(), attributes.get(), argv.data(),
                                   options.env.empty() ? environ : envp.data());
  if (error != 0) {
    fail(error, "cannot run '" + args.front() + "'" +
                    (options.cwd.empty() ? "" : " in '" + options.cwd + "'"));
  }
  return pid;
}

}  // namespace

CalledProcessError::CalledProcessError(int code, std::vector<std::string> command)
    : std::runtime_error(describe_end(code, command)), returncode(code), args(std::move(command)) {}

// ---- Child --------------------------------------------------------------------------------------

// Watches one child. Keeps itself alive until the child has ended or the loop is closed.
class detail::Child final : public ioloop::EventHandler,
                            public std::enable_shared_from_this<Child> {
 public:
  Child(pid_t pid, std::vector<std::string> args)
      : pid_(pid), args_(std::move(args)), pidfd_(pidfd_open(pid)) {
    if (pidfd_) return;
    if (errno != ESRCH) abandon(errno);
    code_ = kNoStatus;  // it has ended, and another process may have its number
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void watch() {
    if (code_) return;
    auto& loop = ioloop::IOLoop::current();
    loop.add_handler(pidfd_.fileno(), *this, ioloop::IOLoop::READ);
    loop_ = &loop;
    self_ = shared_from_this();
  }

  // A child that cannot be watched must not run on unnoticed.
  void kill_and_reap() const noexcept {
    if (pidfd_) {
      pidfd_send_signal(pidfd_.fileno(), SIGKILL);
    } else {
      ::kill(pid_, SIGKILL);
    }
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  int pid() const { return pid_; }
  std::optional<int> code() const { return code_; }

  void send_signal(int signal) const {
    if (!pidfd_) return;
    if (pidfd_send_signal(pidfd_.fileno(), signal) < 0 && errno != ESRCH) {
      fail(errno, "pidfd_send_signal");
    }
  }

  Future<int> wait(bool raise_error) {
    waiters_.push_back({Future<int>(), raise_error});
    const Future<int> future = waiters_.back().future;
    if (code_) finish();
    return future;
  }

 private:
  struct Waiter {
    Future<int> future;
    bool raise_error;
  };

  // If SIGCHLD is ignored, the kernel keeps no status.
  static constexpr int kNoStatus = 0;

  [[noreturn]] void abandon(int error) const {
    kill_and_reap();
    fail(error, "pidfd_open");
  }

  void handle_events(int fd, std::uint32_t /*events*/) override {
    if (!reap()) return;
    const auto keep = shared_from_this();
    loop_->remove_handler(fd);
    pidfd_.close();
    finish();
  }

  // Either we removed it, or the loop is closing and nobody will look again.
  void released() noexcept override {
    const auto keep = std::move(self_);
    if (code_ || reap()) return;
    pidfd_.close();
    orphans().add(pid_);
  }

  bool reap() noexcept {
    siginfo_t info{};
    const int result =
        ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.fileno()), &info, WEXITED | WNOHANG);
    if (result == 0 && info.si_pid == 0) return false;
    code_ = result == 0 ? code_of(info) : kNoStatus;
    return true;
  }

  void finish() {
    for (const Waiter& waiter : std::exchange(waiters_, {})) {
      if (waiter.future.done()) continue;
      if (waiter.raise_error && *code_ != 0) {
        waiter.future.set_exception(CalledProcessError(*code_, args_));
      } else {
        waiter.future.set_result(*code_);
      }
    }
  }

  const pid_t pid_;
  const std::vector<std::string> args_;
  Socket pidfd_;
  ioloop::IOLoop* loop_ = nullptr;
  std::optional<int> code_;
  std::vector<Waiter> waiters_;
  std::shared_ptr<Child> self_;  // while the loop watches
};

// ---- Subprocess ---------------------------------------------------------------------------------

Subprocess::Subprocess(std::vector<std::string> args, const SubprocessOptions& options) {
  if (args.empty()) throw std::invalid_argument("Subprocess: no program to run");
  orphans().reap();
  Channel in = open_channel(options.stdin_, true);
  Channel out = open_channel(options.stdout_, false);
  Channel err;
  if (options.stderr_ != STDOUT) err = open_channel(options.stderr_, false);
  SpawnActions actions;
  actions.redirect(in.theirs, STDIN_FILENO);
  actions.redirect(out.theirs, STDOUT_FILENO);
  actions.redirect(err.theirs, STDERR_FILENO);
  if (options.stderr_ == STDOUT) actions.duplicate(STDOUT_FILENO, STDERR_FILENO);
  actions.finish(options.cwd);
  const pid_t pid = spawn(args, options, actions);
  child_ = std::make_shared<detail::Child>(pid, std::move(args));
  try {
    child_->watch();
  } catch (...) {
    child_->kill_and_reap();
    throw;
  }
  if (in.ours) stdin_ = iostream::PipeIOStream(in.ours.release(), options.stream);
  if (out.ours) stdout_ = iostream::PipeIOStream(out.ours.release(), options.stream);
  if (err.ours) stderr_ = iostream::PipeIOStream(err.ours.release(), options.stream);
}

detail::Child& Subprocess::child() const {
  if (child_ == nullptr) throw std::logic_error("this Subprocess is empty");
  return *child_;
}

int Subprocess::pid() const {
  return child().pid();
}

std::optional<int> Subprocess::returncode() const {
  return child().code();
}

Future<int> Subprocess::wait_for_exit(bool raise_error) const {
  return child().wait(raise_error);
}

void Subprocess::send_signal(int signal) const {
  child().send_signal(signal);
}

void Subprocess::terminate() const {
  send_signal(SIGTERM);
}

void Subprocess::kill() const {
  send_signal(SIGKILL);
}

}  // namespace tornado::process
