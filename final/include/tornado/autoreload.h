// Public header: restarts a program when it has been rebuilt. Mirrors tornado.autoreload; the
// setting `debug` of an Application turns it on.
//
// Watches the program's own file and the files given to watch(). When one of them changes, the
// process is replaced by the program on disk (execv), with the same arguments, process number and
// working directory. Requests in progress are lost, as is every descriptor that is close-on-exec,
// which all of this library's are. While the linker is still writing, or after a failed build, the
// program on disk is missing or incomplete: the old one then keeps running until there is a new
// one.
//
// Tornado's command line (python -m tornado.autoreload) handles programs that fail to start. Here
// the build does: such a program would not have been linked.
#pragma once

#include <tornado/core/function.h>

#include <string>

namespace tornado::autoreload {

// Checks every `check_time` milliseconds, on this thread's loop, as long as that lives. A second
// call for the same loop does nothing; one for another loop is logged. A child of
// process::fork_processes() never restarts by itself. Throws std::invalid_argument if the time is
// not positive. (start)
void start(double check_time = 500);

// Runs a loop of its own until something changes, and never returns. Call it at the end of a
// program that does its work once, such as tests. (wait)
[[noreturn]] void wait();

// Also watches a file, or the files of a folder and its subfolders, except those that editors leave
// behind (".x", "x~"). A file that does not exist yet is watched once it does. Any thread. (watch)
void watch(const std::string& path);

// Calls `hook` before the process is replaced, on the thread that noticed the change. If replacing
// fails, hooks are called again the next time. Their exceptions are logged. Any thread.
// (add_reload_hook)
void add_reload_hook(core::Function<void()> hook);

}  // namespace tornado::autoreload
