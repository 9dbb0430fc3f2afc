// Public header: several processes for one server, and programs run as children. Mirrors
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

// The processors that this process may use; at least 1. (cpu_count)
int cpu_count() noexcept;

// Forks `num_processes` children (0 or less: cpu_count()) and answers in each of them its number,
// from 0 on, which is also task_id(). The caller goes on only there; the parent stays inside and
// supervises: it starts a child anew that was killed or ended with a status other than 0, and logs
// a warning. With more than `max_restarts` of these it throws std::runtime_error, after sending the
// other children SIGTERM. When all have ended with status 0, it ends the process with exit(0). If
// the parent dies, its children get SIGTERM.
//
// Call it before anything that the children would have to share: throws std::runtime_error if this
// thread has an IOLoop, if there are other threads, which a fork does not copy, or in a child.
// Throws std::system_error if the first children cannot be forked. (fork_processes)
int fork_processes(int num_processes = 0, int max_restarts = 100);

// The number that fork_processes() gave this process; none in the parent and elsewhere. (task_id)
std::optional<int> task_id() noexcept;

// A child ended with a status other than 0, or by a signal. (subprocess.CalledProcessError)
class CalledProcessError : public std::runtime_error {
 public:
  CalledProcessError(int code, std::vector<std::string> command);

  int returncode;  // negative: the signal that killed it
  std::vector<std::string> args;
};

// Where a child's input comes from, or its output goes: the same as ours, unless it is one of the
// below or a descriptor, which stays the caller's.
class Redirect {
 public:
  constexpr Redirect() = default;
  constexpr Redirect(int fd) : value_(fd) {}
  friend constexpr bool operator==(Redirect, Redirect) = default;
  // The descriptor, or which of the others.
  constexpr int value() const { return value_; }

 private:
  int value_ = -1;
};
inline constexpr Redirect STREAM(-2);   // a pipe, whose other end is a stream of the Subprocess
inline constexpr Redirect DEVNULL(-3);  // nowhere
inline constexpr Redirect STDOUT(-4);   // for stderr: where stdout goes

struct SubprocessOptions {
  SubprocessOptions() {}

  Redirect stdin_;
  Redirect stdout_;
  Redirect stderr_;
  std::string cwd;                         // empty: ours
  std::map<std::string, std::string> env;  // the whole environment; empty: ours
  bool start_new_session = false;          // out of reach of the terminal's signals
  iostream::IOStreamOptions stream;
};

namespace detail {
class Child;
}

// A program, run as a child. A handle: copies mean the same child. It belongs to the loop that is
// current when it is made, and is reaped there when it ends, also when no handle is left: a loop
// that runs leaves no zombies. Its end is noticed through a descriptor of its own (pidfd_open,
// Linux 5.3): Tornado's initialize() and its SIGCHLD handler are not needed, and any loop can have
// children. The child gets the descriptors 0 to 2 and no others.
class Subprocess {
 public:
  // No child.
  Subprocess() = default;
  // Runs args[0], which is searched for in PATH if it has no slash, with the arguments `args`. No
  // shell is involved. Throws std::system_error, with the program's name, if it cannot be run;
  // std::invalid_argument for empty `args` or a NUL in one of them.
  explicit Subprocess(std::vector<std::string> args, const SubprocessOptions& options = {});

  explicit operator bool() const noexcept { return child_ != nullptr; }

  // Our ends of its pipes; empty if it was not STREAM. Close stdin_ to end the child's input.
  iostream::IOStream stdin_;
  iostream::IOStream stdout_;
  iostream::IOStream stderr_;

  int pid() const;
  // Its exit status, negative if a signal killed it; none while it runs. 0 if the program ignores
  // SIGCHLD, so that the kernel keeps none. (returncode)
  std::optional<int> returncode() const;

  // The same, once it has ended. Fails with CalledProcessError if it is not 0, unless `raise_error`
  // is false. (wait_for_exit)
  Future<int> wait_for_exit(bool raise_error = true) const;
  // Calls `callback(returncode)` on the loop when it has ended, also if it has already.
  // (set_exit_callback)
  template <class F>
    requires std::is_invocable_v<F&, int>
  void set_exit_callback(F callback) const {
    wait_for_exit(false).add_done_callback(
        [callback = std::move(callback)](const Future<int>& done) mutable {
          return callback(done.result());
        });
  }

  // Sends a signal; does nothing if the child has ended: nobody else is hit, whoever has its number
  // now. (send_signal, terminate, kill)
  void send_signal(int signal) const;
  void terminate() const;
  void kill() const;

 private:
  detail::Child& child() const;

  std::shared_ptr<detail::Child> child_;
};

}  // namespace tornado::process
