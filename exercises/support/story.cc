#include "support/story.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <fstream>

namespace story {
namespace {

constexpr int kEndedByStory = 3;
constexpr std::size_t kShown = 60;

// A text for a handler to print, which may neither allocate nor lock.
class LastWords {
 public:
  void set(std::string_view text) {
    size_ = 0;
    const std::size_t size = std::min(text.size(), text_.size());
    std::copy_n(text.begin(), size, text_.begin());
    size_ = static_cast<std::sig_atomic_t>(size);
  }
  std::string_view view() const { return {text_.data(), static_cast<std::size_t>(size_)}; }

 private:
  std::array<char, 8192> text_{};
  volatile std::sig_atomic_t size_ = 0;
};

LastWords steps_so_far;
LastWords timed_out;
LastWords what_it_means;

void tell(std::string_view end) {
  for (const std::string_view text : {steps_so_far.view(), end, what_it_means.view()}) {
    if (::write(STDOUT_FILENO, text.data(), text.size()) < 0) ::_exit(kEndedByStory + 1);
  }
}

[[noreturn]] void time_is_over(int /*signal*/) {
  tell(timed_out.view());
  ::_exit(kEndedByStory);
}

[[noreturn]] void nobody_caught() {
  tell("  An exception left its thread, or a function that is noexcept.\n");
  ::_exit(kEndedByStory);
}

// The runner lets a sanitizer abort after its report.
[[noreturn]] void aborted(int /*signal*/) {
  tell("");
  ::_exit(kEndedByStory);
}

// Returns how many seconds to wait for a debugger; 0 if nobody wants one.
int seconds_for_debugger() {
  const char* const seconds = std::getenv("STORY_WAIT");
  return seconds == nullptr ? 0 : std::atoi(seconds);
}

bool is_traced() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "TracerPid:") return status >> word && word != "0";
  }
  return false;
}

// Waits for a debugger before the first test, if somebody asked for it.
class Debugger : public testing::Environment {
  void SetUp() override {
    ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);  // or only our parents may attach
    for (int i = 10 * seconds_for_debugger(); i > 0 && !is_traced(); --i) ::usleep(100'000);
  }
};

const testing::Environment* const debugger = testing::AddGlobalTestEnvironment(new Debugger);

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
  timed_out.set("  Timed out after " + std::to_string(seconds) +
                " s: your code is still waiting, or an exception ended its thread.\n");
  what_it_means.set("\n  " + misconception_ + "\n");
  prepare_last_words();
  std::signal(SIGALRM, time_is_over);
  std::set_terminate(nobody_caught);
  std::signal(SIGABRT, aborted);
  if (seconds_for_debugger() == 0) ::alarm(seconds);  // a debugger takes as long as it takes
}

Story::~Story() {
  ::alarm(0);
  if (std::uncaught_exceptions() > 0 && !told_) tell("");  // GoogleTest prints what it was
  std::signal(SIGABRT, SIG_DFL);
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
  steps_so_far.set("\nThe story so far:\n" + numbered(steps_));
}

std::string in_quotes(std::string_view bytes) {
  std::string text = testing::PrintToString(std::string(bytes.substr(0, kShown)));
  if (bytes.size() > kShown) text += "... (" + std::to_string(bytes.size()) + " bytes)";
  return text;
}

}  // namespace story

// LeakSanitizer would stop the program as a debugger does, and fail where one has stopped it
// already.
extern "C" int __lsan_is_turned_off() {
  return story::is_traced() ? 1 : 0;
}
