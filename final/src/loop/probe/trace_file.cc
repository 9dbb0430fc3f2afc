#include "loop/probe/trace_file.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/options/trace.h"
#include "loop/probe/trace_events.h"

namespace tornado::ioloop::detail {
namespace {

constexpr std::chrono::milliseconds kPause{20};  // between two looks at the rings

struct LoopTrace {
  LoopTrace(int process, Tracks& tracks) : events(process, ::gettid(), tracks) {}

  RecordRing ring;
  TraceEvents events;
};

// The file of one process. Never destroyed: other threads may still run loops while it ends.
class TraceFile {
 public:
  explicit TraceFile(const std::string& path)
      : fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)),
        process_(::getpid()) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), path);
    const std::string number = std::to_string(process_);
    // A viewer accepts the list without its end, so the file of a program that was killed opens.
    write(R"([{"ph":"M","name":"process_name","cat":"__metadata","tid":0,"ts":0,"pid":)" + number +
          R"(,"args":{"name":"process )" + number + "\"}}");
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);  // signals go to the program's own threads
    writer_ = std::thread([this] { write_until_finished(); });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  LoopProbe* begin() {
    const std::lock_guard lock(mutex_);
    loops_.push_back(std::make_unique<LoopTrace>(process_, tracks_));
    return &loops_.back()->ring;
  }

  void end(LoopProbe* probe) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(loops_.begin(), loops_.end(),
                                    [probe](const auto& loop) { return &loop->ring == probe; });
    if (found == loops_.end()) return;
    write(**found, true);
    loops_.erase(found);
  }

  // At the end of the program.
  void finish() {
    {
      const std::lock_guard lock(mutex_);
      finished_ = true;
    }
    ended_.notify_one();
    writer_.join();
    const std::lock_guard lock(mutex_);
    for (const auto& loop : loops_) write(*loop, true);
    write("\n]\n");
    ::close(std::exchange(fd_, -1));
  }

  int process() const noexcept { return process_; }

 private:
  void write_until_finished() {
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, kPause, [this] { return finished_; })) {
      for (const auto& loop : loops_) write(*loop, false);
    }
  }

  // With the mutex held.
  void write(LoopTrace& loop, bool last) {
    text_.clear();
    loop.events.take(loop.ring, text_, last);
    write(text_);
  }

  // Gives up at the first error: a full disk must not end the program.
  void write(std::string_view text) {
    while (fd_ >= 0 && !text.empty()) {
      const ssize_t written = ::write(fd_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) ::close(std::exchange(fd_, -1));
      if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  int fd_;
  const int process_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool finished_ = false;  // guarded by mutex_, as are those below
  std::vector<std::unique_ptr<LoopTrace>> loops_;
  Tracks tracks_;
  std::string text_;
  std::thread writer_;
};

std::mutex file_mutex;
TraceFile* process_file = nullptr;  // guarded by file_mutex

// Null if this process has none; a forked child has its parent's, which it must not touch.
TraceFile* own_file() {
  return process_file != nullptr && process_file->process() == ::getpid() ? process_file : nullptr;
}

void finish_at_exit() {
  const std::lock_guard lock(file_mutex);
  if (TraceFile* file = own_file()) file->finish();
}

}  // namespace

LoopProbe* begin_trace() {
  const std::string path = options::trace_path();
  if (path.empty()) return nullptr;
  const std::lock_guard lock(file_mutex);
  if (own_file() == nullptr) {
    process_file = new TraceFile(path);
    std::atexit(&finish_at_exit);
  }
  return own_file()->begin();
}

void end_trace(LoopProbe* probe) {
  if (probe == nullptr) return;
  const std::lock_guard lock(file_mutex);
  if (TraceFile* file = own_file()) file->end(probe);
}

}  // namespace tornado::ioloop::detail
