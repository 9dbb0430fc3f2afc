// Public header: servers of several processes, and programs run as children. Mirrors
// tornado.process.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/iostream.h>

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace tornado::process {

// Returns the number of processors that this process may use; at least 1. (cpu_count)
int cpu_count() noexcept;

// Forks `num_processes` children (0 or less: cpu_count()). Returns only in the children, with the
// child's number, from 0 on, which is also task_id(). The parent stays inside and supervises them:
//
//  - A child that was killed, or ended with a status other than 0, is restarted, and a warning is
//    logged. If it fails within a second of its start, the next restarts wait for 0.1 s, 0.2 s and
//    so on. After 5 such failures in a row, or more than `max_restarts` restarts in all, the parent
//    logs an error, ends the other children with SIGTERM and throws std::runtime_error.
//  - SIGTERM and SIGINT are passed on, and when all children have ended, so does the parent: by the
//    same signal if it killed one, else with the first status other than 0, or with 0.
//  - SIGHUP restarts the children one after the other: each gets SIGTERM, and the next has its turn
//    when the new child has run for a second. If the new one fails, the others stay. The new
//    children are forks too, so they run the same program as before.
//  - If systemd started the program, the parent sends READY=1, WATCHDOG=1 and STOPPING=1, and the
//    children nothing (tornado/systemd.h).
//  - If the parent is killed, the kernel kills the children: none of them keeps the port.
//
// When all children have ended with status 0, the parent ends the process with exit(0).
//
// Call it before creating anything that the children would have to share. Throws std::runtime_error
// if this thread has an IOLoop, if there are other threads (which a fork does not copy), or in a
// child. Throws std::system_error if the first children cannot be forked. (fork_processes)
int fork_processes(int num_processes = 0, int max_restarts = 100);

// Returns this process's number from fork_processes(); nullopt in the parent and elsewhere.
// (task_id)
std::optional<int> task_id() noexcept;

// A child ended with a status other than 0, or by a signal. (subprocess.CalledProcessError)
class CalledProcessError : public std::runtime_error {
 public:
  CalledProcessError(int code, std::vector<std::string> command);

  int returncode;                 // negative: the signal that killed it
  std::vector<std::string> args;  // the command that ran, with its arguments
};

// The source of a child's input, or the destination of its output. The default is to inherit ours;
// otherwise one of the constants below, or a descriptor, which the caller still owns.
class Redirect {
 public:
  constexpr Redirect() = default;
  constexpr Redirect(int fd) : value_(fd) {}
  friend constexpr bool operator==(Redirect, Redirect) = default;
  // Returns the descriptor, or the number of the constant.
  constexpr int value() const { return value_; }

 private:
  int value_ = -1;
};
inline constexpr Redirect STREAM(-2);   // a pipe; the Subprocess has a stream for our end
inline constexpr Redirect DEVNULL(-3);  // nowhere
inline constexpr Redirect STDOUT(-4);   // for stderr: same as stdout

struct SubprocessOptions {
  SubprocessOptions() {}

  Redirect stdin_;                         // where the child's input comes from
  Redirect stdout_;                        // where its output goes
  Redirect stderr_;                        // where its error messages go
  std::string cwd;                         // empty: ours
  std::map<std::string, std::string> env;  // the whole environment; empty: ours
  bool start_new_session = false;          // protects it from the terminal's signals
  iostream::IOStreamOptions stream;        // of the streams that STREAM makes
};

namespace detail {
class Child;
}

// A child process. A handle: copies mean the same child. It belongs to the loop that is current
// when it is made, which reaps it when it ends, even if no handle is left: a running loop leaves no
// zombies. The loop watches a descriptor (a pidfd, Linux 5.4), so Tornado's initialize() and its
// SIGCHLD handler are not needed, and any loop can have children. The child inherits the
// descriptors 0 to 2 and no others.
class Subprocess {
 public:
  // Makes an empty handle.
  Subprocess() = default;
  // Runs args[0], which is searched for in PATH if it has no slash, with the arguments `args`,
  // without a shell. Throws std::system_error, with the program's name, if it cannot be run;
  // std::invalid_argument for empty `args` or a NUL in one of them.
  explicit Subprocess(std::vector<std::string> args, const SubprocessOptions& options = {});

  // Returns false for an empty handle, for which the functions below throw std::logic_error.
  explicit operator bool() const noexcept { return child_ != nullptr; }

  // Our ends of its pipes; empty unless STREAM was chosen. Close stdin_ to end the child's input.
  iostream::IOStream stdin_;
  iostream::IOStream stdout_;
  iostream::IOStream stderr_;

  // Returns the child's process id, also after it has ended. (pid)
  int pid() const;
  // Returns its exit status, negative if a signal killed it; nullopt while it runs. 0 if the
  // program ignores SIGCHLD, because the kernel then keeps no status. (returncode)
  std::optional<int> returncode() const;

  // Waits until it has ended and returns its exit status. Fails with CalledProcessError if that is
  // not 0, unless `raise_error` is false. (wait_for_exit)
  Future<int> wait_for_exit(bool raise_error = true) const;
  // Calls `callback(returncode)` on the loop when it has ended, or soon if it already has.
  // (set_exit_callback)
  template <class F>
    requires std::is_invocable_v<F&, int>
  void set_exit_callback(F callback) const {
    wait_for_exit(false).add_done_callback(
        [callback = std::move(callback)](const Future<int>& done) mutable {
          return callback(done.result());
        });
  }

  // Send a signal. Do nothing if the child has ended, so that no other process with a reused number
  // is hit. (send_signal, terminate, kill)
  void send_signal(int signal) const;
  void terminate() const;
  void kill() const;

 private:
  detail::Child& child() const;

  std::shared_ptr<detail::Child> child_;
};

}  // namespace tornado::process
