#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "loop_tools.h"

namespace {

// Returns what the kernel watches for the loop: each descriptor, with READ and WRITE of its events.
std::map<int, std::uint32_t> watched_by_the_kernel() {
  std::map<int, std::uint32_t> watched;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code ignored;
    if (std::filesystem::read_symlink(entry, ignored) != "anon_inode:[eventpoll]") continue;
    std::ifstream lines("/proc/self/fdinfo/" + entry.path().filename().string());
    int fd = 0;
    for (std::string word; lines >> word;) {
      if (word == "tfd:") lines >> fd;
      if (word != "events:") continue;
      lines >> std::hex >> watched[fd] >> std::dec;
      watched[fd] &= IOLoop::READ | IOLoop::WRITE;
    }
  }
  return watched;
}

// ---- milestone 1

TEST(Kernel, is_asked_for_a_descriptor) {
  Story story(
      "The loop keeps the function, and the kernel watches the descriptor: it must be told of each "
      "change.");
  IOLoop loop;
  const Ends ends;
  const int fd = ends.near.fd();
  story.step("add_handler(fd, handler, READ)");
  loop.add_handler(fd, kNothing, IOLoop::READ);
  auto watched = watched_by_the_kernel();
  story.expect("the kernel watches it for", IOLoop::READ, watched.contains(fd) ? watched[fd] : 0);
  story.step("update_handler(fd, WRITE)");
  loop.update_handler(fd, IOLoop::WRITE);
  story.expect("the kernel watches it for", IOLoop::WRITE, watched_by_the_kernel()[fd]);
  story.step("remove_handler(fd)");
  loop.remove_handler(fd);
  story.expect("the kernel watches it", false, watched_by_the_kernel().contains(fd));
  story.step(
      "remove_handler(fd) once more, which does nothing; then add_handler(fd, handler, READ)");
  loop.remove_handler(fd);
  loop.add_handler(fd, kNothing, IOLoop::READ);
  story.expect("the kernel watches it for", IOLoop::READ, watched_by_the_kernel()[fd]);
}

TEST(Kernel, has_one_handler_for_each_descriptor) {
  Story story(
      "A second handler for a descriptor would replace the first, whose owner then waits for ever; "
      "and a change\n"
      "  to one that is not there has no effect. Both are the caller's mistakes: report them.");
  IOLoop loop;
  const Ends ends;
  const int fd = ends.near.fd();
  story.step("update_handler() of a descriptor without a handler");
  story.expect("it throws std::invalid_argument", true,
               throws<std::invalid_argument>([&] { loop.update_handler(fd, IOLoop::READ); }));
  story.step("add_handler(), twice");
  loop.add_handler(fd, kNothing, IOLoop::READ);
  story.expect("the second throws std::invalid_argument", true, throws<std::invalid_argument>([&] {
                 loop.add_handler(fd, kNothing, IOLoop::READ);
               }));
}

TEST(Kernel, may_refuse_a_descriptor) {
  Story story(
      "The kernel may refuse. If you have kept the handler by then, the loop believes in a "
      "descriptor that\n"
      "  nobody watches, and the next owner of the number finds it taken.");
  IOLoop loop;
  Ends ends;
  const int fd = ends.near.fd();
  ends.near.close();
  story.step("add_handler() for a number that is not open");
  story.expect("it throws std::system_error", true,
               throws<std::system_error>([&] { loop.add_handler(fd, kNothing, IOLoop::READ); }));
  const Ends fresh;
  story.step("a new descriptor gets the number");
  const bool taken =
      throws<std::invalid_argument>([&] { loop.add_handler(fd, kNothing, IOLoop::READ); });
  story.expect("it is taken", false, taken);
  story.expect("the kernel watches it", true, watched_by_the_kernel().contains(fd));
}

// ---- milestone 2

TEST(Events, reach_their_handlers) {
  Story story(
      "The kernel reports a descriptor as long as the condition holds. Each time, its handler is "
      "called with\n"
      "  the descriptor and the events.");
  IOLoop loop;
  Ends ends;
  int calls = 0;
  std::pair<int, std::uint32_t> seen;
  story.step("a descriptor becomes readable, and its handler reads nothing");
  loop.add_handler(
      ends.near.fd(),
      [&](int fd, std::uint32_t events) {
        ++calls;
        seen = {fd, events};
      },
      IOLoop::READ);
  ends.far.write("x");
  run_three_times(loop);
  story.expect("the handler's descriptor and events", std::pair(ends.near.fd(), IOLoop::READ),
               seen);
  story.expect("it was called in each of three iterations", true, calls >= 3);
}

TEST(Events, of_a_handler_that_another_has_removed) {
  Story story("After remove_handler returns, the handler is not called, whatever the kernel said.");
  IOLoop loop;
  Ends one;
  Ends two;
  int calls = 0;
  const IOLoop::EventHandler remove_both = [&](int, std::uint32_t) {
    ++calls;
    loop.remove_handler(one.near.fd());
    loop.remove_handler(two.near.fd());
  };
  story.step("two descriptors become readable; the handler that is called first removes both");
  loop.add_handler(one.near.fd(), remove_both, IOLoop::READ);
  loop.add_handler(two.near.fd(), remove_both, IOLoop::READ);
  one.far.write("x");
  two.far.write("x");
  run_three_times(loop);
  story.expect("how often a handler was called", 1, calls);
}

TEST(Events, of_a_number_that_is_used_again) {
  Story story(
      "The kernel gives a number that was closed to the next descriptor. An event of the old one "
      "must not\n"
      "  reach the new one: remove it together with the handler.");
  IOLoop loop;
  Ends one;
  Ends two;
  std::optional<Ends> fresh;
  int stale = 0;
  const auto replace = [&](Ends& other) {
    loop.remove_handler(one.near.fd());
    loop.remove_handler(two.near.fd());
    other.near.close();
    fresh.emplace();
    loop.add_handler(fresh->near.fd(), [&](int, std::uint32_t) { ++stale; }, IOLoop::READ);
  };
  story.step("two descriptors become readable in one batch");
  loop.add_handler(one.near.fd(), [&](int, std::uint32_t) { replace(two); }, IOLoop::READ);
  loop.add_handler(two.near.fd(), [&](int, std::uint32_t) { replace(one); }, IOLoop::READ);
  one.far.write("x");
  two.far.write("x");
  story.step("the first handler removes the second, closes its descriptor and opens a new one");
  run_three_times(loop);
  story.expect("events for the new descriptor, to which nobody has written", 0, stale);
}

TEST(Events, of_a_descriptor_that_was_closed_too_early) {
  Story story(
      "The kernel forgets a descriptor when its last copy is closed. Until then it reports a "
      "number "
      "that you\n"
      "  cannot remove any more, because it is closed. Such an event has no handler: go on with "
      "the "
      "next one.");
  IOLoop loop;
  Ends ends;
  const int fd = ends.near.fd();
  int calls = 0;
  loop.add_handler(fd, [&](int, std::uint32_t) { ++calls; }, IOLoop::READ);
  ends.far.write("x");
  story.step(
      "a readable descriptor has a copy; it is closed first, and then its handler is removed");
  const Socket copy(::dup(fd));
  ends.near.close();
  loop.remove_handler(fd);
  const Socket next(::eventfd(0, EFD_CLOEXEC));  // so that nobody else gets the number
  story.expect("the number is in use again", fd, next.fd());
  story.step("another descriptor, with a higher number, is readable, too");
  run_three_times(loop);
  story.expect("how often the removed handler was called", 0, calls);
}

TEST(Events, of_a_handler_that_removes_itself) {
  Story story(
      "A function must not be freed while it runs. Erasing it from the map frees it, with "
      "everything it has\n"
      "  captured, unless something else holds it too.");
  IOLoop loop;
  Ends ends;
  auto captured = std::make_shared<int>(0);
  const std::weak_ptr<int> watch = captured;
  bool alive = false;
  struct Outside {
    IOLoop& loop;
    const std::weak_ptr<int>& watch;
    bool& alive;
  } outside{loop, watch, alive};
  story.step("a handler captures a shared pointer and removes itself");
  loop.add_handler(
      ends.near.fd(),
      [captured = std::move(captured), &outside](int fd, std::uint32_t) {
        Outside& kept = outside;  // not through the closure: it may be gone in a moment
        kept.loop.remove_handler(fd);
        kept.alive = !kept.watch.expired();
      },
      IOLoop::READ);
  ends.far.write("x");
  run_three_times(loop);
  story.expect("its captures live until it returns", true, alive);
}

TEST(Events, of_a_handler_that_throws) {
  Story story(
      "Nothing above the loop catches exceptions: one that leaves a handler ends them all.");
  IOLoop loop;
  Ends ends;
  int calls = 0;
  story.step("a handler throws when it is called, first something odd, then an exception");
  loop.add_handler(
      ends.near.fd(),
      [&](int, std::uint32_t) {
        if (++calls == 1) throw 1;
        if (calls == 2) throw std::runtime_error("no luck");
      },
      IOLoop::READ);
  ends.far.write("x");
  testing::internal::CaptureStderr();
  bool left = false;
  try {
    run_three_times(loop);
  } catch (...) {
    left = true;
  }
  const std::string words = testing::internal::GetCapturedStderr();
  story.expect("the exception left start()", false, left);
  story.expect("it was called again", true, calls > 2);
  story.expect("stderr says what the second was", true, words.find("no luck") != words.npos);
  story.expect("it has a line for the first, too", true, words.find('\n') < words.find("no luck"));
}

}  // namespace
