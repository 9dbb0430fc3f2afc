// fork_processes and its supervision.
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <tornado/ioloop.h>
#include <tornado/log.h>
#include <tornado/process.h>
#include <tornado/systemd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>
#include <vector>

namespace tornado::process {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr Clock::duration kEarly =
    std::chrono::seconds(1);         // failing sooner after the start is early
constexpr int kMaxEarly = 5;         // early failures of one child in a row
constexpr Seconds kFirstPause{0.1};  // before the restart after the second one; doubles each time
constexpr Clock::duration kForkPause =
    std::chrono::seconds(1);  // after the system had no room for a process

std::optional<int> this_task;

std::size_t thread_count() {
  std::size_t count = 0;
  std::error_code error;
  for (auto at = std::filesystem::directory_iterator("/proc/self/task", error);
       !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    ++count;
  }
  return count;
}

void check_may_fork() {
  if (this_task) throw std::runtime_error("fork_processes: this is one of its children");
  if (ioloop::IOLoop::current(false) != nullptr) {
    throw std::runtime_error(
        "fork_processes: cannot run in several processes: an IOLoop has been made already");
  }
  if (thread_count() > 1) {
    throw std::runtime_error("fork_processes: there are other threads, which a fork does not copy");
  }
}

// Blocks the signals that the supervisor waits for. Each process has them back as they were when
// fork_processes() leaves it.
class SignalWait {
 public:
  SignalWait() {
    ::sigemptyset(&awaited_);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&awaited_, signal);
    ::sigprocmask(SIG_BLOCK, &awaited_, &mask_before_);
    // If the program ignored it, the kernel would keep no child's status.
    struct sigaction standard{};
    standard.sa_handler = SIG_DFL;
    ::sigaction(SIGCHLD, &standard, &child_before_);
  }
  SignalWait(const SignalWait&) = delete;
  SignalWait& operator=(const SignalWait&) = delete;
  ~SignalWait() {
    ::sigaction(SIGCHLD, &child_before_, nullptr);
    ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
  }

  // Returns the next signal; nullopt at `deadline`, or if something interrupted the wait.
  std::optional<siginfo_t> next(std::optional<Clock::time_point> deadline) const {
    siginfo_t info{};
    int signal = 0;
    if (deadline) {
      const auto left = std::max(Clock::duration::zero(), *deadline - Clock::now());
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
      const timespec wait{seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
      signal = ::sigtimedwait(&awaited_, &info, &wait);
    } else {
      signal = ::sigwaitinfo(&awaited_, &info);
    }
    return signal > 0 ? std::optional(info) : std::nullopt;
  }

 private:
  sigset_t awaited_;
  sigset_t mask_before_;
  struct sigaction child_before_{};
};

// The child processes of one fork_processes() call.
class Supervisor {
 public:
  Supervisor(int tasks, int max_restarts)
      : tasks_(static_cast<std::size_t>(tasks)), max_restarts_(max_restarts) {}

  // Starts the children, and restarts them until all have ended well or a signal ends them. Returns
  // true in a child.
  bool run() {
    const SignalWait signals;
    for (Task& task : tasks_) {
      if (start(task)) return true;
    }
    systemd::notify("READY=1");
    while (true) {
      feed_watchdog();
      reap();
      if (restart_due()) return true;
      roll_on();
      if (children_.empty() && !restart_planned()) return false;
      const auto deadline = next_deadline();
      if (const auto signal = signals.next(deadline)) take(*signal);
    }
  }

  // The status with which the parent ends, or the signal that ends it. Called after run().
  int exit_status() const noexcept { return ending_ ? status_ : 0; }
  int ending_signal() const noexcept { return killed_ ? ending_ : 0; }

  // Ends all children before an exception leaves the parent.
  void end_all() noexcept {
    pass_on(SIGTERM);
    for (; !children_.empty(); children_.erase(children_.begin())) {
      while (::waitpid(children_.begin()->first, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
  }

 private:
  struct Task {
    pid_t pid = 0;  // 0: not running
    Clock::time_point started;
    std::optional<Clock::time_point> restart_at;
    int early_failures = 0;  // in a row
  };

  int number(const Task& task) const { return static_cast<int>(&task - tasks_.data()); }

  // Returns true in the child.
  bool start(Task& task) {
    // Otherwise both processes would write what is still buffered.
    log::flush();
    std::fflush(nullptr);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid > 0) {
      task.pid = pid;
      task.started = Clock::now();
      task.restart_at.reset();
      children_[pid] = &task;
      return false;
    }
    this_task = number(task);
    // The parent speaks for all of them.
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
    // Not SIGTERM: a child that is blocked, or ignores that, would keep the port.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) std::_Exit(1);  // the parent died before prctl()
    return true;
  }

  void reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) != 0;) {
      if (pid < 0 && errno == EINTR) continue;
      if (pid < 0) return;  // there are no children
      const auto found = children_.find(pid);
      if (found == children_.end()) continue;
      Task& task = *found->second;
      children_.erase(found);
      task.pid = 0;
      ended(task, pid, status);
    }
  }

  void ended(Task& task, pid_t pid, int status) {
    const bool failed = WIFSIGNALED(status) || WEXITSTATUS(status) != 0;
    if (ending_ != 0) {
      if (WIFSIGNALED(status) && WTERMSIG(status) == ending_) killed_ = true;
      if (failed && status_ == 0) status_ = WIFSIGNALED(status) ? 1 : WEXITSTATUS(status);
      return;
    }
    if (pid == rolling_) {
      rolling_ = 0;
      renewed_ = &task;
      task.restart_at = Clock::now();
      return;
    }
    report(task, pid, status);
    if (!failed) {
      if (&task == renewed_) renewed_ = nullptr;  // the next one need not wait for it
      return;
    }
    if (&task == renewed_ && !to_roll_.empty()) {
      log::gen_log.error("The other children are not restarted, because this one failed");
      to_roll_.clear();
    }
    plan_restart(task);
  }

  void report(const Task& task, pid_t pid, int status) const {
    const std::string who =
        "child " + std::to_string(number(task)) + " (pid " + std::to_string(pid) + ") ";
    if (WIFSIGNALED(status)) {
      log::gen_log.warning(who + "killed by signal " + std::to_string(WTERMSIG(status)) +
                           ", restarting");
    } else if (WEXITSTATUS(status) != 0) {
      log::gen_log.warning(who + "exited with status " + std::to_string(WEXITSTATUS(status)) +
                           ", restarting");
    } else {
      log::gen_log.info(who + "exited normally");
    }
  }

  // Throws if the program has restarted too often, or this child keeps failing at its start.
  void plan_restart(Task& task) {
    if (++restarts_ > max_restarts_) throw std::runtime_error("Too many child restarts, giving up");
    const auto now = Clock::now();
    if (now - task.started >= kEarly) {
      task.early_failures = 0;
    } else if (++task.early_failures == kMaxEarly) {
      throw std::runtime_error("child " + std::to_string(number(task)) + " failed " +
                               std::to_string(kMaxEarly) +
                               " times in a row within a second of its start, giving up");
    }
    const Seconds pause =
        task.early_failures < 2 ? Seconds(0) : kFirstPause * std::pow(2, task.early_failures - 2);
    task.restart_at = now + std::chrono::duration_cast<Clock::duration>(pause);
  }

  // Returns when something is to be done without a signal.
  std::optional<Clock::time_point> next_deadline() const {
    std::optional<Clock::time_point> first;
    if (!to_roll_.empty() && renewed_ != nullptr && renewed_->pid != 0) {
      first = renewed_->started + kEarly;
    }
    if (watchdog_ && (!first || next_feed_ < *first)) first = next_feed_;
    for (const Task& task : tasks_) {
      if (task.restart_at && (!first || *task.restart_at < *first)) first = task.restart_at;
    }
    return first;
  }

  bool restart_planned() const {
    return std::any_of(tasks_.begin(), tasks_.end(),
                       [](const Task& task) { return task.restart_at.has_value(); });
  }

  void feed_watchdog() {
    if (!watchdog_ || Clock::now() < next_feed_) return;
    systemd::notify("WATCHDOG=1");
    next_feed_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(*watchdog_ / 2);
  }

  // Returns true in a child.
  bool restart_due() {
    for (Task& task : tasks_) {
      if (!task.restart_at || *task.restart_at > Clock::now()) continue;
      try {
        if (start(task)) return true;
      } catch (const std::system_error& error) {
        // The other children go on serving, and the system may soon have room for a process.
        log::gen_log.error("child " + std::to_string(number(task)) +
                           " cannot be restarted yet: " + error.what());
        task.restart_at = Clock::now() + kForkPause;
      }
    }
    return false;
  }

  // ---- signals

  void take(const siginfo_t& info) {
    // The kernel has sent it to all processes of the terminal: Ctrl-C, or the window was closed.
    const bool from_terminal = info.si_code == SI_KERNEL;
    const int signal = info.si_signo;
    if (signal == SIGCHLD || (from_terminal && is_ignored(signal))) return;
    if (signal == SIGHUP && !from_terminal) return begin_roll();
    log::gen_log.info("Ending the children: signal " + std::to_string(signal));
    if (ending_ == 0) systemd::notify("STOPPING=1");
    ending_ = signal;
    to_roll_.clear();
    for (Task& task : tasks_) task.restart_at.reset();
    if (!from_terminal) pass_on(signal);
  }

  // As nohup and shells' background jobs do.
  static bool is_ignored(int signal) {
    struct sigaction action{};
    return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
  }

  void pass_on(int signal) const noexcept {
    for (const auto& [pid, task] : children_) ::kill(pid, signal);
  }

  void begin_roll() {
    if (ending_ != 0) return;
    log::gen_log.info("Restarting the children one after the other: SIGHUP");
    to_roll_.clear();
    for (const Task& task : tasks_) to_roll_.push_back(&task);
    renewed_ = nullptr;
  }

  // Ends the next child that SIGHUP asked to restart, once the new one before it has run for a
  // while.
  void roll_on() {
    if (renewed_ != nullptr) {
      if (renewed_->pid == 0 || Clock::now() < renewed_->started + kEarly) return;
      renewed_ = nullptr;
    }
    while (rolling_ == 0 && !to_roll_.empty()) {
      const Task& task = *to_roll_.front();
      to_roll_.pop_front();
      if (task.pid == 0) continue;  // new anyway, or ended well
      rolling_ = task.pid;
      ::kill(rolling_, SIGTERM);
    }
  }

  std::vector<Task> tasks_;
  std::map<pid_t, Task*> children_;
  std::deque<const Task*> to_roll_;
  pid_t rolling_ = 0;              // the child that ends now, to be restarted
  const Task* renewed_ = nullptr;  // the last one that was
  const std::optional<Seconds> watchdog_{systemd::watchdog_interval()};
  Clock::time_point next_feed_;
  const int max_restarts_;
  int restarts_ = 0;
  int ending_ = 0;  // the signal that ends the children, and then the parent
  int status_ = 0;
  bool killed_ = false;  // a child was killed by it
};

// Ends the parent as its children did.
[[noreturn]] void end_parent(const Supervisor& supervisor) {
  if (const int signal = supervisor.ending_signal()) {
    log::flush();
    std::fflush(nullptr);
    ::signal(signal, SIG_DFL);
    ::raise(signal);
  }
  std::exit(supervisor.exit_status());
}

}  // namespace

int cpu_count() noexcept {
  cpu_set_t mine;
  if (::sched_getaffinity(0, sizeof mine, &mine) == 0) return std::max(1, CPU_COUNT(&mine));
  return std::max(1, static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)));
}

std::optional<int> task_id() noexcept {
  return this_task;
}

int fork_processes(int num_processes, int max_restarts) {
  check_may_fork();
  if (num_processes <= 0) num_processes = cpu_count();
  log::gen_log.info("Starting " + std::to_string(num_processes) + " processes");
  Supervisor supervisor(num_processes, max_restarts);
  try {
    if (supervisor.run()) return *this_task;
  } catch (const std::exception& error) {
    log::gen_log.error(std::string("fork_processes: ") + error.what());
    supervisor.end_all();
    throw;
  }
  end_parent(supervisor);
}

}  // namespace tornado::process
