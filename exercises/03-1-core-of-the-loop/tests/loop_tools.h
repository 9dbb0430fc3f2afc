// What the tests of the loop share.
#pragma once

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <string>
#include <thread>

#include "03-ioloop/ioloop.h"
#include "support/story.h"

using mini::IOLoop;
using mini::Socket;
using story::Story;

inline const IOLoop::EventHandler kNothing = [](int, std::uint32_t) {};

// Two ends of a connection inside the process.
struct Ends {
  Ends() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()), 0);
    near = Socket(fds[0]);
    far = Socket(fds[1]);
  }
  Socket near;
  Socket far;
};

// Lets the loop run for three iterations: a descriptor that is always readable counts them. It
// needs neither callbacks nor timers.
inline void run_three_times(IOLoop& loop) {
  const Socket always(::eventfd(1, EFD_CLOEXEC));
  int iterations = 0;
  loop.add_handler(
      always.fd(),
      [&](int, std::uint32_t) {
        if (++iterations >= 3) loop.stop();
      },
      IOLoop::READ);
  loop.start();
  loop.remove_handler(always.fd());
}

// Stops the loop after `seconds` of its own time.
inline void stop_after(IOLoop& loop, double seconds) {
  loop.call_later(seconds, [&loop] { loop.stop(); });
}

// Returns once the thread is blocked in the kernel.
inline void wait_until_asleep(pid_t thread) {
  const std::string path = "/proc/self/task/" + std::to_string(thread) + "/stat";
  std::string id, name, state;
  while (state != "S") {
    std::ifstream(path) >> id >> name >> state;
    std::this_thread::yield();
  }
}

template <class Exception, class F>
bool throws(F call) {
  try {
    call();
  } catch (const Exception&) {
    return true;
  } catch (...) {
  }
  return false;
}
