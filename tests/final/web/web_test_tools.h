// Internal header: a loop with a virtual clock, and what was logged.
#pragma once

#include <gtest/gtest.h>
#include <tornado/ioloop.h>
#include <tornado/log.h>
#include <tornado/web.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "fake_connection.h"

namespace tornado::web {

// What happened, in order. Cleared by each test's fixture.
inline std::vector<std::string> events;

class WebTest : public ::testing::Test {
 protected:
  WebTest() { events.clear(); }

  ioloop::VirtualClock clock_;
  ioloop::IOLoopOptions options_ = [this] {
    ioloop::IOLoopOptions options;
    options.clock = &clock_;
    return options;
  }();
  ioloop::IOLoop loop_{options_};
  std::vector<std::string> log_;
  log::Capture<std::function<bool(const log::Record&)>> capture_{[this](const log::Record& record) {
    log_.push_back(std::string(record.logger) + ": " + std::string(record.message));
    return true;
  }};

  // Lets the loop run for `seconds` of virtual time.
  void run_for(double seconds) {
    loop_.call_later(seconds, [this] { loop_.stop(); });
    loop_.start();
  }
  bool logged(std::string_view part) const {
    for (const std::string& line : log_) {
      if (line.find(part) != std::string::npos) return true;
    }
    return false;
  }
};

}  // namespace tornado::web
