// fork_processes and its supervision.
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <tornado/ioloop.h>
#include <tornado/log.h>
#include <tornado/process.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <system_error>

namespace tornado::process {
namespace {

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

// The child processes of one fork_processes() call.
class Supervisor {
 public:
  // Forks the child with that number. Returns true in the child.
  bool start(int task) {
    // Otherwise both processes would write what is still buffered.
    log::flush();
    std::fflush(nullptr);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid > 0) {
      tasks_[pid] = task;
      return false;
    }
    this_task = task;
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) std::_Exit(1);  // the parent died before prctl()
    return true;
  }

  // Restarts children until all have ended well. Returns true in a child.
  bool supervise(int max_restarts) {
    for (int restarts = 0; !tasks_.empty();) {
      int status = 0;
      const pid_t pid = ::waitpid(-1, &status, 0);
      if (pid < 0 && errno == EINTR) continue;
      if (pid < 0) throw std::system_error(errno, std::generic_category(), "waitpid");
      const auto found = tasks_.find(pid);
      if (found == tasks_.end()) continue;
      const int task = found->second;
      tasks_.erase(found);
      if (!report(task, pid, status)) continue;
      if (++restarts > max_restarts) {
        terminate();
        throw std::runtime_error("Too many child restarts, giving up");
      }
      if (start(task)) return true;
    }
    return false;
  }

  void terminate() noexcept {
    for (const auto& [pid, task] : tasks_) ::kill(pid, SIGTERM);
  }

 private:
  // Returns true if the child must be restarted.
  static bool report(int task, pid_t pid, int status) {
    const std::string who = "child " + std::to_string(task) + " (pid " + std::to_string(pid) + ") ";
    if (WIFSIGNALED(status)) {
      log::gen_log.warning(who + "killed by signal " + std::to_string(WTERMSIG(status)) +
                           ", restarting");
      return true;
    }
    if (WEXITSTATUS(status) != 0) {
      log::gen_log.warning(who + "exited with status " + std::to_string(WEXITSTATUS(status)) +
                           ", restarting");
      return true;
    }
    log::gen_log.info(who + "exited normally");
    return false;
  }

  std::map<pid_t, int> tasks_;
};

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
  Supervisor supervisor;
  try {
    for (int task = 0; task < num_processes; ++task) {
      if (supervisor.start(task)) return task;
    }
    if (supervisor.supervise(max_restarts)) return *this_task;
  } catch (const std::system_error&) {
    supervisor.terminate();
    throw;
  }
  std::exit(0);
}

}  // namespace tornado::process
