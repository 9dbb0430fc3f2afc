// Internal header: what the tests of the loop share.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tornado/gen.h>
#include <tornado/ioloop.h>
#include <tornado/log.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace tornado::test {

// The pollers to test with: the best one that this program is linked with, and poll.
inline auto pollers() {
  return ::testing::Values(std::string(ioloop::IOLoop().poller_name()), std::string("poll"));
}

// A loop whose time moves only when it would block.
struct VirtualLoop {
  explicit VirtualLoop(std::string_view poller = "") : loop(options(clock, poller)) {}

  static ioloop::IOLoopOptions options(ioloop::Clock& clock, std::string_view poller) {
    ioloop::IOLoopOptions made;
    made.clock = &clock;
    made.poller = poller;
    return made;
  }

  ioloop::VirtualClock clock{1000.0};
  ioloop::IOLoop loop;
};

// Keeps what is logged from here on, and keeps it off the terminal.
class Logged {
 public:
  std::vector<std::string> lines() const { return lines_; }

 private:
  struct Hook {
    std::vector<std::string>* lines;
    bool operator()(const log::Record& record) const {
      lines->push_back(std::string(record.logger) + ": " + std::string(record.message));
      return true;
    }
  };
  std::vector<std::string> lines_;
  log::Capture<Hook> capture_{Hook{&lines_}};
};

inline int open_descriptors() {
  DIR* folder = ::opendir("/proc/self/fd");
  int count = 0;
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

// A non-blocking pipe. Its destructor closes both ends.
struct Pipe {
  Pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    read_end = ends[0];
    write_end = ends[1];
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    if (read_end >= 0) ::close(read_end);
    if (write_end >= 0) ::close(write_end);
  }
  void fill() const { EXPECT_EQ(::write(write_end, "x", 1), 1); }
  void drain() const {
    char buffer[16];
    EXPECT_GT(::read(read_end, buffer, sizeof buffer), 0);
  }

  int read_end = -1;
  int write_end = -1;
};

}  // namespace tornado::test
