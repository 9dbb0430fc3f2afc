// Plays a client for code that reads a request, piece by piece: the next piece is sent only when
// the one before has been read, so that no two arrive in one read by chance.
#pragma once

#include <sys/ioctl.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "01-blocking-server/request.h"
#include "support/story.h"
#include "tests/chapters/01-blocking-server/client.h"

namespace story {

class Reading {
 public:
  using Reader = std::function<std::optional<mini::Request>(mini::Socket&)>;

  // Calls `read` in a thread of its own.
  Reading(Story& story, Reader read)
      : story_(story), thread_([this, read = std::move(read)] { run(read); }) {
    story_.step("read_request is called");
  }
  ~Reading() {
    pair_.client.close();
    if (thread_.joinable()) thread_.join();
  }

  void send(std::string_view piece) {
    story_.step("the client sends " + in_quotes(piece));
    send_unnoticed(piece);
  }
  // As send(), without a step of its own in the story.
  void send_unnoticed(std::string_view piece) {
    pair_.client.send(piece);
    while (!done_ && unread() > 0) std::this_thread::yield();
  }
  void leave() {
    story_.step("the client closes its side");
    pair_.client.half_close();
  }
  bool done() const { return done_; }
  // Waits until read_request has returned, at most `patience`.
  bool done_within(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    return finished_.wait_for(lock, patience, [this] { return done_.load(); });
  }

  // What read_request returned; waits for it.
  const std::optional<mini::Request>& result() {
    if (thread_.joinable()) thread_.join();
    if (!thrown_.empty())
      story_.expect("read_request ends", std::string("without an exception"), thrown_);
    return result_;
  }

 private:
  int unread() {
    int bytes = 0;
    ::ioctl(pair_.server.fd(), FIONREAD, &bytes);
    return bytes;
  }

  void run(const Reader& read) {
    try {
      result_ = read(pair_.server);
    } catch (const std::exception& error) {
      thrown_ = error.what();
    }
    const std::lock_guard lock(mutex_);
    done_ = true;
    finished_.notify_all();
  }

  Story& story_;
  mini::Pair pair_;
  std::optional<mini::Request> result_;
  std::string thrown_;
  std::atomic<bool> done_ = false;
  std::mutex mutex_;
  std::condition_variable finished_;
  std::thread thread_;
};

}  // namespace story
