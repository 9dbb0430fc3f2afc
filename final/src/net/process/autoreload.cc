#include <tornado/autoreload.h>
#include <tornado/ioloop.h>
#include <tornado/log.h>
#include <tornado/process.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "loop/error_text.h"
#include "loop/loop_state.h"
#include "net/process/file_watch.h"

namespace tornado::autoreload {
namespace {

// Returns the arguments of this process as it received them.
std::vector<std::string> arguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

// The watched files, for the whole process. Loops of several threads may use it.
class Reloader {
 public:
  static Reloader& instance() {
    static Reloader reloader;
    return reloader;
  }

  void watch(const std::string& path) {
    const std::lock_guard lock(mutex_);
    files_.add(path);
  }
  void add_hook(core::Function<void()> hook) {
    const std::lock_guard lock(mutex_);
    hooks_.push_back(std::move(hook));
  }

  void check() {
    if (process::task_id()) return;  // in a forked child: its parent would not know
    if (is_due()) restart();
  }

 private:
  bool is_due() {
    const std::lock_guard lock(mutex_);
    program_.look();
    if (const std::string file = files_.changed(); !file.empty()) cause_ = file;
    if (program_.is_changed()) {
      cause_ = program_.path();
    } else if (cause_ == program_.path()) {
      cause_.clear();  // restored to what it was
    }
    if (cause_.empty()) {
      looks_while_waiting_ = 0;
      return false;
    }
    if (program_.is_whole()) {
      looks_while_waiting_ = 0;
      log::gen_log.info(std::exchange(cause_, {}) + " modified; restarting server");
      return true;
    }
    if (++looks_while_waiting_ == 2) {  // not merely because it has just been written
      log::gen_log.info(cause_ + " modified; waiting until " + program_.path() + " is complete");
    }
    return false;
  }

  // Returns only if it fails.
  void restart() {
    call_hooks();
    log::flush();
    std::fflush(nullptr);
    std::vector<std::string> words = arguments();
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execv(program_.path().c_str(), argv.data());
    log::gen_log.error("cannot run " + program_.path() + ": " +
                       std::generic_category().message(errno));
    const std::lock_guard lock(mutex_);
    program_.give_up();
  }

  void call_hooks() {
    mutex_.lock();
    const auto hooks = hooks_;
    mutex_.unlock();
    for (const auto& hook : hooks) {
      try {
        hook();
      } catch (...) {
        log::app_log.error("Exception in reload hook: " + describe(std::current_exception()));
      }
    }
  }

  std::mutex mutex_;
  FileWatch files_;
  ProgramWatch program_;
  std::vector<core::Function<void()>> hooks_;
  std::string cause_;  // the file that changed; a restart is due
  int looks_while_waiting_ = 0;
};

// Counts the loops that check for changes.
struct Watching final : ioloop::detail::LoopLocal {
  Watching() {
    if (++loops > 1) {
      log::gen_log.warning("tornado.autoreload started more than once in the same process");
    }
  }
  ~Watching() override { --loops; }

  static inline std::atomic<int> loops = 0;
  bool begun = false;
};

// Checks again and again.
void schedule(ioloop::IOLoop& loop, double seconds) {
  loop.call_later(seconds, [&loop, seconds] {
    Reloader::instance().check();
    schedule(loop, seconds);
  });
}

void start_on(ioloop::IOLoop& loop, double check_time) {
  if (!(check_time > 0)) {
    throw std::invalid_argument("autoreload: check_time is " + core::format_seconds(check_time) +
                                " ms, but must be positive");
  }
  if (std::exchange(loop.internals().local<Watching>().begun, true)) return;
  Reloader::instance().check();  // records the present state, to compare with
  schedule(loop, check_time / 1e3);
}

}  // namespace

void start(double check_time) {
  start_on(ioloop::IOLoop::current(), check_time);
}

void wait() {
  ioloop::IOLoopOptions options;
  options.make_current = ioloop::MakeCurrent::kNo;
  ioloop::IOLoop loop(options);
  start_on(loop, 500);
  while (true) loop.start();
}

void watch(const std::string& path) {
  Reloader::instance().watch(path);
}

void add_reload_hook(core::Function<void()> hook) {
  Reloader::instance().add_hook(std::move(hook));
}

}  // namespace tornado::autoreload
