// Contexts, and which of them gets what a callback throws.
#include <tornado/stack_context.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../loop_test_util.h"

namespace tornado::stack_context {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string message(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    return error.what();
  }
}

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what);
}

class StackContextTest : public ::testing::Test {
 protected:
  // Returns a context that notes what it is given as "NAME: what", and handles it if `deals`.
  ExceptionStackContext catcher(std::string name, bool deals = true) {
    return ExceptionStackContext([this, name = std::move(name), deals](std::exception_ptr e) {
      notes.push_back(name + ": " + message(e));
      return deals;
    });
  }
  // Returns a context that notes when it is entered and left.
  StackContext bracket(std::string name) {
    struct Noted {
      Noted(std::vector<std::string>& to, std::string called) : notes(to), name(std::move(called)) {
        notes.push_back("+" + name);
      }
      Noted(const Noted&) = delete;
      Noted& operator=(const Noted&) = delete;
      ~Noted() { notes.push_back("-" + name); }
      std::vector<std::string>& notes;
      std::string name;
    };
    return StackContext([this, name = std::move(name)] { return Noted(notes, name); });
  }
  void note(std::string what) { notes.push_back(std::move(what)); }
  void run() {
    virtual_loop.loop.call_later(100, [this] { virtual_loop.loop.stop(); });
    virtual_loop.loop.start();
  }

  test::Logged logged;
  test::VirtualLoop virtual_loop;
  ioloop::IOLoop& loop = virtual_loop.loop;
  std::vector<std::string> notes;
};

// ---- what captures ------------------------------------------------------------------------------

// SC-01
TEST_F(StackContextTest, whatever_the_loop_keeps_runs_in_the_context_it_was_given_in) {
  test::Pipe pipe;
  pipe.fill();
  Future<void> future;
  std::optional<ioloop::PeriodicCallback> periodic;
  periodic.emplace([] { fail("periodic"); }, 30'000.0);
  run_with_stack_context(catcher("caught"), [&] {
    loop.add_callback([] { fail("add_callback"); });
    loop.call_later(1, [] { fail("call_later"); });
    loop.add_timeout(loop.time() + 2, [] { fail("add_timeout"); });
    loop.add_handler(
        pipe.read_end,
        [&](int, std::uint32_t) {
          pipe.drain();
          fail("add_handler");
        },
        ioloop::IOLoop::READ);
    future.add_done_callback([](const auto&) { fail("add_done_callback"); });
    loop.add_callback([]() -> Future<void> {
      co_await gen::sleep(3);
      fail("coroutine");
    });
    periodic->start();
  });
  future.set_result();
  loop.call_later(70, [&] { periodic->stop(); });
  run();
  EXPECT_THAT(notes, ElementsAre("caught: add_callback", "caught: add_done_callback",
                                 "caught: add_handler", "caught: call_later", "caught: add_timeout",
                                 "caught: coroutine", "caught: periodic", "caught: periodic"));
  EXPECT_THAT(logged.lines(), IsEmpty());
  loop.remove_handler(pipe.read_end);
}

// SC-01
TEST_F(StackContextTest, callbacks_of_callbacks_inherit_it) {
  run_with_stack_context(catcher("caught"), [&] {
    loop.add_callback(
        [&] { loop.call_later(1, [&] { loop.add_callback([] { fail("third"); }); }); });
  });
  loop.add_callback([] { fail("outside"); });
  run();
  EXPECT_THAT(notes, ElementsAre("caught: third"));
  EXPECT_THAT(
      logged.lines(),
      ElementsAre("tornado.application: Exception in callback: std::runtime_error: outside"));
}

// SC-01
TEST_F(StackContextTest, a_coroutine_goes_on_in_its_context_and_leaves_the_loop_in_none) {
  run_with_stack_context(catcher("caught"), [&] {
    loop.add_callback([&]() -> Future<void> {
      for (int i = 0; i < 3; ++i) {
        co_await gen::sleep(1);
        co_await gen::moment;
      }
      loop.add_callback([] { fail("after six waits"); });
    });
  });
  loop.call_later(1, [&] { loop.add_callback([] { fail("not in it"); }); });
  run();
  EXPECT_THAT(notes, ElementsAre("caught: after six waits"));
  EXPECT_EQ(logged.lines().size(), 1U);
}

// SC-01
TEST_F(StackContextTest, a_future_completed_elsewhere_resumes_in_the_waiters_context) {
  Future<void> gate;
  run_with_stack_context(catcher("waiter"), [&] {
    loop.add_callback([&]() -> Future<void> {
      co_await gate;
      fail("woken");
    });
  });
  run_with_stack_context(catcher("other"), [&] { loop.call_later(1, [&] { gate.set_result(); }); });
  run();
  EXPECT_THAT(notes, ElementsAre("waiter: woken"));
}

// SC-01
TEST_F(StackContextTest, what_an_executor_ends_goes_on_in_the_context) {
  concurrent::ThreadPoolExecutor pool(1);
  ioloop::IOLoopOptions options;
  options.make_current = ioloop::MakeCurrent::kNo;
  ioloop::IOLoop real(options);
  run_with_stack_context(catcher("caught"), [&] {
    real.add_callback([&] {
      run_with_stack_context(catcher("inside"), [&] {
        auto job = real.run_in_executor(&pool, [] { fail("job"); });
        real.add_future(job, [&](const Future<void>& done) {
          real.stop();
          done.result();
        });
      });
    });
  });
  real.start();
  EXPECT_THAT(notes, ElementsAre("inside: job"));
}

// ---- who gets an exception ----------------------------------------------------------------------

// SC-01
TEST_F(StackContextTest, the_innermost_comes_first_and_may_pass_it_on) {
  run_with_stack_context(catcher("outer"), [&] {
    run_with_stack_context(catcher("inner", false),
                           [&] { loop.add_callback([] { fail("one"); }); });
    loop.add_callback([] { fail("two"); });
  });
  run();
  EXPECT_THAT(notes, ElementsAre("inner: one", "outer: one", "outer: two"));
  EXPECT_THAT(logged.lines(), IsEmpty());
}

// SC-01
TEST_F(StackContextTest, what_a_handler_throws_goes_on_in_place_of_what_it_got) {
  run_with_stack_context(catcher("outer", false), [&] {
    run_with_stack_context(ExceptionStackContext([](std::exception_ptr) -> bool { fail("worse"); }),
                           [&] { loop.add_callback([] { fail("bad"); }); });
  });
  run();
  EXPECT_THAT(notes, ElementsAre("outer: worse"));
  EXPECT_THAT(logged.lines(),
              ElementsAre("tornado.application: Exception in callback: std::runtime_error: worse"));
}

// SC-01
TEST_F(StackContextTest, what_is_thrown_at_once_is_caught_too_unless_there_is_a_result_to_give) {
  run_with_stack_context(catcher("caught"), [] { fail("at once"); });
  EXPECT_THAT(notes, ElementsAre("caught: at once"));
  EXPECT_EQ(run_with_stack_context(catcher("caught"), [] { return 7; }), 7);
  EXPECT_THROW(run_with_stack_context(catcher("caught"), []() -> int { fail("no result"); }),
               std::runtime_error);
  EXPECT_THROW(run_with_stack_context(catcher("unwilling", false), [] { fail("passed on"); }),
               std::runtime_error);
  EXPECT_THAT(notes, ElementsAre("caught: at once", "unwilling: passed on"));
}

// SC-01
TEST_F(StackContextTest, a_coroutines_exception_is_its_futures) {
  const auto result = loop.run_sync([&]() -> Future<std::string> {
    auto failing = run_with_stack_context(
        catcher("context"), [text = std::string("a capture that must live")]() -> Future<void> {
          co_await gen::sleep(1);
          fail(text);
        });
    try {
      co_await failing;
    } catch (const std::runtime_error& error) {
      co_return error.what();
    }
    co_return "nothing thrown";
  });
  EXPECT_EQ(result, "a capture that must live");
  EXPECT_THAT(notes, IsEmpty());
}

// SC-01
TEST_F(StackContextTest, a_callback_started_by_a_handler_of_exceptions_stays_in_the_context) {
  int left = 3;
  std::function<void()> try_again = [&] { loop.add_callback([] { fail("again"); }); };
  run_with_stack_context(ExceptionStackContext([&](std::exception_ptr e) {
                           note(message(e));
                           if (--left > 0) try_again();
                           return true;
                         }),
                         [&] { try_again(); });
  run();
  EXPECT_THAT(notes, ElementsAre("again", "again", "again"));
}

// ---- NullContext, spawn_callback, threads -------------------------------------------------------

// SC-01
TEST_F(StackContextTest, NullContext_and_spawn_callback_are_not_the_callers) {
  run_with_stack_context(catcher("caught"), [&] {
    run_with_stack_context(NullContext(), [&] { loop.add_callback([] { fail("null"); }); });
    loop.spawn_callback([] { fail("spawned"); });
    loop.spawn_callback([&]() -> Future<void> {
      co_await gen::sleep(1);
      loop.add_callback([] { fail("of the spawned"); });
    });
    loop.add_callback([] { fail("own"); });
  });
  run();
  EXPECT_THAT(notes, ElementsAre("caught: own"));
  EXPECT_EQ(logged.lines().size(), 3U);
}

// SC-01
TEST_F(StackContextTest, add_callback_from_another_thread_takes_none) {
  std::thread([&] {
    ioloop::IOLoop own;
    run_with_stack_context(catcher("of the thread"),
                           [&] { loop.add_callback([] { fail("from outside"); }); });
  }).join();
  run();
  EXPECT_THAT(notes, IsEmpty());
  EXPECT_EQ(logged.lines().size(), 1U);
}

// SC-01
TEST_F(StackContextTest, a_loop_runs_in_no_context_wherever_it_is_started) {
  run_with_stack_context(catcher("around start"), [&] {
    loop.run_sync([&] { loop.add_callback([] { fail("inside"); }); });
  });
  loop.add_callback([] { fail("outside"); });
  run_with_stack_context(catcher("second"), [&] { run(); });
  EXPECT_THAT(notes, ElementsAre("around start: inside")) << "it was run_sync that kept the code";
  EXPECT_EQ(logged.lines().size(), 1U);
}

// ---- wrap ---------------------------------------------------------------------------------------

// SC-01
TEST_F(StackContextTest, wrap_keeps_the_context_of_what_others_call) {
  std::vector<std::function<void()>> waiting;
  run_with_stack_context(catcher("caught"), [&] {
    waiting.emplace_back(wrap([&] {
      loop.add_callback([] { fail("later"); });
      fail("now");
    }));
  });
  run_with_stack_context(catcher("of the caller"), [&] {
    waiting[0]();
    loop.add_callback([] { fail("own"); });
  });
  run();
  EXPECT_THAT(notes, ElementsAre("caught: now", "caught: later", "of the caller: own"));
}

// SC-01
TEST_F(StackContextTest, a_wrapped_function_gives_its_result_or_throws) {
  auto twice = run_with_stack_context(catcher("caught"), [] {
    return wrap([](int n) {
      if (n < 0) fail("negative");
      return 2 * n;
    });
  });
  EXPECT_EQ(twice(4), 8);
  EXPECT_THROW(twice(-1), std::runtime_error);
  auto passes = run_with_stack_context(catcher("unwilling", false),
                                       [] { return std::optional(wrap([] { fail("out"); })); });
  EXPECT_THROW((*passes)(), std::runtime_error);
  EXPECT_THAT(notes, ElementsAre("unwilling: out"));
}

// SC-01
TEST_F(StackContextTest, wrap_in_no_context_is_called_in_none) {
  auto wrapped = wrap([&] { loop.add_callback([] { fail("nobody's"); }); });
  run_with_stack_context(catcher("caught"), [&] { wrapped(); });
  run();
  EXPECT_THAT(notes, IsEmpty());
  EXPECT_EQ(logged.lines().size(), 1U);
}

// SC-01
TEST_F(StackContextTest, a_wrapped_function_travels_but_is_called_at_home) {
  auto alive = std::make_shared<int>();
  auto wrapped = std::make_unique<std::function<void()>>(
      run_with_stack_context(ExceptionStackContext([this, alive](std::exception_ptr e) {
                               note(message(e));
                               return true;
                             }),
                             [] { return std::function<void()>(wrap([] { fail("home"); })); }));
  std::thread([&] {
    const std::function<void()> copy = *wrapped;
    EXPECT_THROW(copy(), std::logic_error);
    loop.add_callback(copy);
    wrapped.reset();  // this may drop its last reference
  }).join();
  run();
  EXPECT_THAT(notes, ElementsAre("home"));
  EXPECT_EQ(alive.use_count(), 1);
}

// ---- StackContext -------------------------------------------------------------------------------

// SC-01
TEST_F(StackContextTest, StackContext_is_entered_around_each_piece_of_code) {
  run_with_stack_context(bracket("a"), [&] {
    run_with_stack_context(bracket("b"), [&] {
      note("begun");
      loop.add_callback([&]() -> Future<void> {
        note("first");
        co_await gen::moment;
        note("second");
      });
    });
  });
  run();
  EXPECT_THAT(notes, ElementsAre("+a", "+b", "begun", "-b", "-a",   //
                                 "+a", "+b", "first", "-b", "-a",   //
                                 "+a", "+b", "second", "-b", "-a",  //
                                 "+a", "+b", "-b", "-a"))
      << "the last is the loop looking at the coroutine's end";
}

// SC-01
TEST_F(StackContextTest, a_factory_that_throws_is_reported_and_the_code_runs) {
  run_with_stack_context(catcher("outer"), [&] {
    run_with_stack_context(StackContext([]() -> int { fail("factory"); }), [&] { note("run"); });
  });
  EXPECT_THAT(notes, ElementsAre("outer: factory", "run"));
}

// ---- lifetime -----------------------------------------------------------------------------------

// SC-01
TEST_F(StackContextTest, a_context_lives_as_long_as_something_that_will_run_in_it) {
  auto alive = std::make_shared<int>();
  std::weak_ptr<int> watch = alive;
  ioloop::Timeout timer;
  Future<void> never;
  run_with_stack_context(
      ExceptionStackContext([alive = std::move(alive)](std::exception_ptr) { return true; }), [&] {
        timer = loop.call_later(10, [] {});
        never.add_done_callback([](const auto&) {});
        loop.spawn_callback([]() -> Future<void> { co_await gen::sleep(5); });
      });
  run();
  EXPECT_FALSE(watch.expired()) << "the future's callback has it";
  never = Future<void>();
  EXPECT_TRUE(watch.expired());
}

// SC-01
TEST_F(StackContextTest, closing_the_loop_frees_the_contexts_of_what_waits) {
  auto alive = std::make_shared<int>();
  std::weak_ptr<int> watch = alive;
  run_with_stack_context(
      ExceptionStackContext([alive = std::move(alive)](std::exception_ptr) { return true; }), [&] {
        loop.add_callback([]() -> Future<void> {
          Future<void> never;
          co_await never;
        });
        loop.call_later(1000, [] {});
      });
  run();
  loop.add_callback([] {});
  EXPECT_FALSE(watch.expired());
  loop.close();
  EXPECT_TRUE(watch.expired());
}

// A future's last handle may be dropped on another thread, and its callbacks with it. The context
// must be freed on its own thread.
// SC-01
TEST_F(StackContextTest, a_context_dropped_on_another_thread_goes_on_its_own) {
  std::thread::id freed_on;
  struct Where {
    explicit Where(std::thread::id& to) : where(&to) {}
    Where(const Where&) = delete;
    Where& operator=(const Where&) = delete;
    ~Where() { *where = std::this_thread::get_id(); }
    std::thread::id* where;
  };
  auto future = std::make_unique<Future<void>>();
  run_with_stack_context(ExceptionStackContext([mark = std::make_shared<Where>(freed_on)](
                                                   std::exception_ptr) { return true; }),
                         [&] { future->add_done_callback([](const auto&) {}); });
  std::thread([&] { future.reset(); }).join();
  EXPECT_EQ(freed_on, std::thread::id()) << "not yet";
  run();
  EXPECT_EQ(freed_on, std::this_thread::get_id());
}

}  // namespace
}  // namespace tornado::stack_context
