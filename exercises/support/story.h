// A test that tells what it did. When an expectation fails, the reader sees each step, the one that
// went wrong, what was expected there, what came instead, and the misconception that usually causes
// this.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace story {

// One test. If the code under test does not come back within `seconds`, the story is told as far as
// it went and the process ends: one blocked call must not hold up whoever waits for the result.
// With STORY_WAIT=60 in the environment, the first test waits at most 60 s for a debugger, and no
// test has a limit.
class Story {
 public:
  explicit Story(std::string misconception, unsigned seconds = 3);
  ~Story();
  Story(const Story&) = delete;
  Story& operator=(const Story&) = delete;

  // Something that was done. May be called from one thread only, as expect().
  void step(const std::string& what);

  // Returns whether it came as expected. After the first failure the story is told and the rest is
  // silent.
  template <class Expected, class Came>
  bool expect(const std::string& what, const Expected& expected, const Came& came) {
    return check(what, testing::PrintToString(expected), testing::PrintToString(came),
                 came == expected);
  }

 private:
  bool check(const std::string& what, const std::string& expected, const std::string& came,
             bool as_expected);
  void prepare_last_words();

  const std::string misconception_;
  std::vector<std::string> steps_;
  bool told_ = false;
};

// The bytes as a C++ string would be written; long ones are cut: "xxxx... (100000 bytes)".
std::string in_quotes(std::string_view bytes);

}  // namespace story
