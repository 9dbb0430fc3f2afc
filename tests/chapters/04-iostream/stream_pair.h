// A stream and its other end in one thread, for tests. The test plays the other end, and runs the
// loop until nothing is left to do.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>

#include "../01-blocking-server/client.h"
#include "04-iostream/iostream.h"

namespace mini {

// Runs the loop until `done`. A test that would wait for ever fails after 10 s.
template <class Condition>
void run_until(IOLoop& loop, Condition done) {
  const Timeout patience = loop.call_later(10, [&] {
    ADD_FAILURE() << "nothing came in 10 s";
    loop.stop();
  });
  while (!done() && loop.time() < patience.deadline) {
    loop.add_callback([&] { loop.stop(); });
    loop.start();
  }
  loop.remove_timeout(patience);
}

// Runs what is queued, and reads what has arrived. On one machine, what was sent has arrived.
inline void settle(IOLoop& loop) {
  for (int i = 0; i < 10; ++i) {
    loop.add_callback([&] { loop.stop(); });
    loop.start();
  }
}

struct StreamPair {
  explicit StreamPair(std::size_t max_buffer_size = IOStream::kMaxBufferSize)
      : stream(IOStream::create(loop, std::move(pair.server), max_buffer_size)) {}

  // Returns the result of the next read.
  std::string read_until(const std::string& delimiter) {
    std::string result;
    bool done = false;
    stream->read_until(delimiter, [&](std::string data) {
      result = std::move(data);
      done = true;
    });
    run_until(loop, [&] { return done; });
    return result;
  }

  std::string read_bytes(std::size_t count, bool partial = false) {
    std::string result;
    bool done = false;
    const auto callback = [&](std::string data) {
      result = std::move(data);
      done = true;
    };
    stream->read_bytes(count, callback, partial);
    run_until(loop, [&] { return done; });
    return result;
  }

  void run_until_closed() {
    run_until(loop, [&] { return stream->closed(); });
  }

  void settle() { mini::settle(loop); }

  Pair pair;
  IOLoop loop;
  std::shared_ptr<IOStream> stream;
};

}  // namespace mini
