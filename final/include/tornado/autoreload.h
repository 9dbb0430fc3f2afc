// Public header: a program that starts itself anew when it was built anew. Mirrors
// tornado.autoreload; the setting `debug` of an Application turns it on.
//
// Watched are the program's own file and what watch() names. When one of them changes, the process
// is replaced by the program on disk (execv), with the same arguments, process number and working
// directory; requests under way are lost, and so is every descriptor that is close-on-exec, as all
// of this library's are. While the linker still writes, or after a build that failed, the program
// on disk is missing or not whole: the old one then goes on, until there is a new one.
//
// What Tornado's command line (python -m tornado.autoreload) is for, a program that does not start,
// is the build's business here: it would not have been linked.
#pragma once

#include <tornado/core/function.h>

#include <string>

namespace tornado::autoreload {

// Looks every `check_time` milliseconds, on this thread's loop, as long as that lives. A second
// call for the same loop does nothing; one for another loop is logged. A child of
// process::fork_processes() never restarts by itself. Throws std::invalid_argument if the time is
// not positive. (start)
void start(double check_time = 500);

// Runs a loop of its own until something changes. Does not return. For the end of a program that
// does its work once, such as tests. (wait)
[[noreturn]] void wait();

// Watches a file too; or a folder, that is, the files in it and its folders, but those that editors
// leave beside the file (".x", "x~"). What is not there yet is watched from when it is. Any thread.
// (watch)
void watch(const std::string& path);

// Calls `hook` before the process is replaced, on the thread that has noticed. If that fails, after
// all, hooks are called again the next time. What they throw is logged. Any thread.
// (add_reload_hook)
void add_reload_hook(core::Function<void()> hook);

}  // namespace tornado::autoreload
