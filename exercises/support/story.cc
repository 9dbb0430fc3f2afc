#include "support/story.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <exception>

namespace story {
namespace {

constexpr int kEndedByStory = 3;
constexpr std::size_t kShown = 60;

// What the alarm's handler prints: it may neither allocate nor lock.
std::array<char, 8192> last_words;
volatile std::sig_atomic_t last_words_size = 0;

[[noreturn]] void tell_and_end(int) {
  if (::write(STDOUT_FILENO, last_words.data(), static_cast<std::size_t>(last_words_size)) < 0) {
    ::_exit(kEndedByStory + 1);
  }
  ::_exit(kEndedByStory);
}

std::string numbered(const std::vector<std::string>& steps) {
  std::string text;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    text += "  " + std::to_string(i + 1) + ". " + steps[i] + "\n";
  }
  return text;
}

}  // namespace

Story::Story(std::string misconception, unsigned seconds)
    : misconception_(std::move(misconception)) {
  prepare_last_words();
  std::signal(SIGALRM, tell_and_end);
  std::set_terminate([] { tell_and_end(0); });
  ::alarm(seconds);
}

Story::~Story() {
  ::alarm(0);
}

void Story::step(const std::string& what) {
  steps_.push_back(what);
  prepare_last_words();
}

bool Story::check(const std::string& what, const std::string& expected, const std::string& came,
                  bool as_expected) {
  step(what);
  if (!as_expected && !told_) {
    told_ = true;
    ADD_FAILURE() << "\n"
                  << numbered(steps_) << "       expected: " << expected
                  << "\n       came:     " << came << "\n\n  " << misconception_;
  }
  return as_expected && !told_;
}

void Story::prepare_last_words() {
  const std::string words = "\n" + numbered(steps_) +
                            "  and then nothing more came: your code waits for what never comes, "
                            "or an exception left its thread.\n\n  " +
                            misconception_ + "\n";
  const std::size_t size = std::min(words.size(), last_words.size());
  last_words_size = 0;
  std::memcpy(last_words.data(), words.data(), size);
  last_words_size = static_cast<std::sig_atomic_t>(size);
}

std::string in_quotes(std::string_view bytes) {
  std::string text = testing::PrintToString(std::string(bytes.substr(0, kShown)));
  if (bytes.size() > kShown) text += "... (" + std::to_string(bytes.size()) + " bytes)";
  return text;
}

}  // namespace story
