// A client, and a stream at the other end of its connection.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "04-iostream/iostream.h"
#include "support/story.h"
#include "tests/chapters/01-blocking-server/client.h"

using mini::IOLoop;
using mini::IOStream;
using story::Story;
using Messages = std::vector<std::string>;

inline void run(IOLoop& loop) {
  for (int i = 0; i < 20; ++i) {
    loop.add_callback([&] { loop.stop(); });
    loop.start();
  }
}

// A client, and a stream at the other end of its connection.
class Talk {
 public:
  explicit Talk(Story& story, mini::Clock& clock = mini::real_clock())
      : story_(story), loop_(clock), stream_(IOStream::create(loop_, std::move(pair_.server))) {}

  void read_until(const std::string& delimiter, std::size_t max_bytes = IOStream::kMaxBufferSize) {
    story_.step("read_until(" + story::in_quotes(delimiter) + ") is called");
    stream_->read_until(delimiter, [this](std::string data) { take(std::move(data)); }, max_bytes);
  }
  void read_bytes(std::size_t count, bool partial = false) {
    story_.step("read_bytes(" + std::to_string(count) + (partial ? ", partial" : "") +
                ") is called");
    stream_->read_bytes(count, [this](std::string data) { take(std::move(data)); }, partial);
  }
  void send(const std::string& data) {
    story_.step("the client sends " + story::in_quotes(data));
    pair_.client.send(data);
    run();
  }
  // Lets the stream read what was sent, as far as somebody reads it.
  void run() { ::run(loop_); }
  // Returns whether the loop sleeps once it has done what was queued; a busy one wakes again and
  // again.
  bool sleeps() {
    int wakes = 0;
    loop_.set_probe([&](const mini::Record&) {
      if (++wakes == kBusy) loop_.stop();
    });
    const mini::Timeout end = loop_.call_later(0.05, [this] { loop_.stop(); });
    loop_.start();
    loop_.remove_timeout(end);
    loop_.set_probe(nullptr);
    return wakes < kBusy;
  }
  bool expect(const Messages& messages) {
    return story_.expect("the messages delivered so far", messages, messages_);
  }
  IOLoop& loop() { return loop_; }
  mini::Client& client() { return pair_.client; }
  IOStream& stream() { return *stream_; }
  std::shared_ptr<IOStream> shared() const { return stream_; }
  void drop() { stream_.reset(); }
  const Messages& messages() const { return messages_; }

 private:
  static constexpr int kBusy = 20;

  void take(std::string data) { messages_.push_back(std::move(data)); }

  Story& story_;
  mini::Pair pair_;
  IOLoop loop_;
  std::shared_ptr<IOStream> stream_;
  Messages messages_;
};

inline const mini::DataCallback kIgnored = [](const std::string&) {};

template <class Exception, class F>
bool throws(F call) {
  try {
    call();
  } catch (const Exception&) {
    return true;
  }
  return false;
}

inline bool refuses_a_read(Talk& talk) {
  return throws<std::logic_error>([&] { talk.read_bytes(1); });
}
