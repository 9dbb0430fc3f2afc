// Internal header: the common setup of tests for handlers and applications, based on the test kit.
#pragma once

#include <tornado/log.h>
#include <tornado/testing.h>
#include <tornado/web.h>

#include <string>
#include <string_view>
#include <vector>

#include "fake_connection.h"

namespace tornado::web {

using testing::ExpectLog;

// Events in order. Cleared by each test's fixture.
inline std::vector<std::string> events;

// For an ExpectLog: the whole record is `text`, or describes an exception whose message is `what`.
inline std::string exactly(std::string_view text) {
  return "\\Q" + std::string(text) + "\\E$";
}
inline std::string uncaught(std::string_view what) {
  return "(?s)Uncaught exception .*\\Q" + std::string(what) + "\\E";
}

// Its time is virtual.
class WebTest : public testing::AsyncTestCase {
 protected:
  WebTest() : AsyncTestCase(testing::Time::kVirtual) { events.clear(); }

 private:
  // Not written, unless a test expects it: most tests look at the response to an error.
  ExpectLog access_{log::access_log, "", false};
  ExpectLog refusals_{log::gen_log, "", false};
  ExpectLog errors_{log::app_log, "Uncaught exception ", false};
};

}  // namespace tornado::web
