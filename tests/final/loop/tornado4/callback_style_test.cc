// Callbacks and coroutines together: the vocabulary of Tornado 4.
#include <tornado/tornado4.h>

#include <functional>
#include <memory>

#include "../loop_test_util.h"

namespace tornado {
namespace {

using concurrent::CancelledError;
using concurrent::return_future;
using ioloop::IOLoop;
using ::testing::ElementsAre;

class CallbackStyle : public ::testing::Test, protected test::VirtualLoop {
 protected:
  template <class F>
  auto run(F function) {
    return loop.run_sync(std::move(function));
  }
  static Future<void> settle() {
    for (int i = 0; i < 10; ++i) co_await gen::moment;
  }
};

// Calls back a second later, as a client written for Tornado 4 did.
void fetch(const std::string& url, std::function<void(std::string)> callback) {
  IOLoop::current().call_later(1, [=] { callback("body of " + url); });
}

struct Client {
  std::string host;
  void fetch(const std::string& path, std::function<void(std::string)> callback) const {
    tornado::fetch(host + path, std::move(callback));
  }
};

// ---- gen.Task

// GEN-07
TEST_F(CallbackStyle, task_gives_what_the_callback_gets) {
  run([]() -> Future<void> {
    EXPECT_EQ(co_await gen::Task(&fetch, "/a"), "body of /a");
    EXPECT_EQ(co_await gen::Task<std::string>(&fetch, "/b"), "body of /b");
    const Client client{"host"};
    EXPECT_EQ(co_await gen::Task(&Client::fetch, client, "/c"), "body of host/c");
    EXPECT_EQ(co_await gen::Task(&Client::fetch, &client, "/d"), "body of host/d");
    auto generic = [](int value, auto callback) { callback(value + 1); };
    EXPECT_EQ(co_await gen::Task<int>(generic, 1), 2);
  });
  EXPECT_EQ(loop.time(), 1004);
}

// GEN-07
TEST_F(CallbackStyle, no_argument_gives_nothing_and_several_give_arguments) {
  run([&]() -> Future<void> {
    const auto none = [&](const std::function<void()>& callback) { loop.add_callback(callback); };
    co_await gen::Task(none);
    const auto pair = [](const std::function<void(int, const std::string&)>& callback) {
      callback(1, "two");
    };
    const gen::Arguments<int, std::string> both = co_await gen::Task(pair);
    EXPECT_EQ(both, std::make_tuple(1, std::string("two")));
    const auto generic = [](auto callback) { callback(1, 2); };
    const auto two = co_await gen::Task<int, long>(generic);
    EXPECT_EQ(two, (gen::Arguments<int, long>(1, 2)));
    const auto empty = [](auto callback) { callback(); };
    co_await gen::Task<void>(empty);
  });
}

// GEN-07
TEST_F(CallbackStyle, what_the_function_throws_is_in_the_future) {
  const auto fail = [](const std::function<void()>&) { throw std::range_error("at once"); };
  auto future = gen::Task(fail);
  EXPECT_THROW(run([&] { return future; }), std::range_error);
}

// GEN-07
TEST_F(CallbackStyle, what_a_callback_of_the_function_throws_is_in_the_future) {
  test::Logged logged;
  const auto fail = [this](const std::function<void()>&) {
    loop.call_later(1, [] { throw std::range_error("later"); });
  };
  EXPECT_THROW(run([&] { return gen::Task(fail); }), std::range_error);
  EXPECT_TRUE(logged.lines().empty());
}

// GEN-07
TEST_F(CallbackStyle, a_callback_that_is_called_twice_or_too_late) {
  std::function<void(int)> kept;
  const auto twice = [&](const std::function<void(int)>& callback) {
    kept = callback;
    callback(1);
  };
  EXPECT_EQ(run([&] { return gen::Task(twice); }), 1);
  EXPECT_THROW(kept(2), concurrent::InvalidStateError);
  const auto never = [&](const std::function<void(int)>& callback) { kept = callback; };
  auto future = gen::Task(never);
  future.cancel();
  kept(3);
  EXPECT_TRUE(future.cancelled());
}

// ---- gen.Callback, gen.Wait

// GEN-08
TEST_F(CallbackStyle, wait_gives_what_the_keys_callback_was_called_with) {
  run([&]() -> Future<void> {
    fetch("/a", co_await gen::Callback("a"));
    fetch("/7", co_await gen::Callback(7));
    EXPECT_EQ(co_await gen::Wait<std::string>("a"), "body of /a");
    EXPECT_EQ(co_await gen::Wait<std::string>(7), "body of /7");
    EXPECT_EQ(loop.time(), 1001);
    auto callback = co_await gen::Callback(std::string("a"));
    callback("a literal becomes a string");
    EXPECT_EQ(co_await gen::Wait<std::string>("a"), "a literal becomes a string");
    auto several = co_await gen::Callback("several");
    several(1, "two");
    EXPECT_EQ((co_await gen::Wait<gen::Arguments<int, std::string>>("several")),
              std::make_tuple(1, std::string("two")));
    auto nothing = co_await gen::Callback("nothing");
    nothing();
    nothing();
    co_await gen::Wait("nothing");
    auto ignored = co_await gen::Callback("ignored");
    ignored(std::make_unique<int>(1));
    co_await gen::Wait("ignored");
  });
}

// GEN-08
TEST_F(CallbackStyle, wait_all_gives_the_values_in_order) {
  run([&]() -> Future<void> {
    auto second = co_await gen::Callback(2);
    fetch("/first", co_await gen::Callback("first"));
    second("early");
    EXPECT_THAT((co_await gen::WaitAll<std::string>("first", 2)),
                ElementsAre("body of /first", "early"));
    std::vector<gen::Key> keys;
    for (int i = 0; i < 100; ++i) {
      keys.emplace_back(i);
      loop.call_later(100 - i, co_await gen::Callback(i), i * i);
    }
    const auto squares = co_await gen::WaitAll<int>(keys);
    EXPECT_EQ(squares.size(), 100U);
    EXPECT_EQ(squares[9], 81);
    EXPECT_EQ(loop.time(), 1101);
    loop.add_callback(co_await gen::Callback("x"));
    loop.add_callback(co_await gen::Callback("y"));
    co_await gen::WaitAll("x", "y");
  });
}

template <class F>
std::string error_of(F function) {
  try {
    function();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "none";
}

// GEN-08
TEST_F(CallbackStyle, keys_are_used_once_at_a_time) {
  run([&]() -> Future<void> {
    auto first = co_await gen::Callback("k");
    try {
      co_await gen::Callback("k");
      ADD_FAILURE();
    } catch (const gen::KeyReuseError& error) {
      EXPECT_STREQ(error.what(), "key 'k' is already pending");
    }
    first(1);
    EXPECT_EQ(co_await gen::Wait<int>("k"), 1);
    auto again = co_await gen::Callback("k");
    again(2);
    EXPECT_EQ(co_await gen::Wait<int>("k"), 2);
    try {
      co_await gen::Wait<int>("k");
      ADD_FAILURE();
    } catch (const gen::UnknownKeyError& error) {
      EXPECT_STREQ(error.what(), "key 'k' is not pending");
    }
    auto number = co_await gen::Callback(1);
    EXPECT_THROW(co_await gen::WaitAll<int>(1, "1"), gen::UnknownKeyError);
    number(3);
    EXPECT_EQ(co_await gen::Wait<int>(1), 3) << "another key was unknown: this one stayed";
  });
}

// GEN-08
TEST_F(CallbackStyle, another_type_than_was_asked_for) {
  EXPECT_EQ(error_of([&] {
              run([]() -> Future<void> {
                auto callback = co_await gen::Callback("k");
                callback(1);
                co_await gen::Wait<std::string>("k");
              });
            }),
            "the callback of key 'k' was called with int, but Wait asks for "
            "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >");
}

// GEN-08
TEST_F(CallbackStyle, a_coroutine_that_leaves_callbacks_behind_fails) {
  const auto leaks = []() -> Future<int> {
    co_await gen::Callback("b");
    co_await gen::Callback(7);
    co_return 1;
  };
  EXPECT_EQ(error_of([&] { run(leaks); }), "finished without waiting for callbacks 'b', 7");
  EXPECT_THROW(run(leaks), gen::LeakedCallbackError);
  const auto fails = []() -> Future<void> {
    co_await gen::Callback("a");
    throw std::range_error("its own");
  };
  EXPECT_THROW(run(fails), std::range_error);
}

// GEN-08
TEST_F(CallbackStyle, each_run_has_its_own_keys_and_late_calls_do_nothing) {
  std::vector<std::function<void(int)>> kept;
  const auto wait = [&](int add) -> Future<int> {
    kept.push_back(co_await gen::Callback("k"));
    co_return add + co_await gen::Wait<int>("k");
  };
  run([&]() -> Future<void> {
    auto one = wait(10);
    auto two = wait(20);
    kept[1](2);
    kept[0](1);
    auto [first, second] = co_await gen::multi(one, two);
    EXPECT_EQ(first, 11);
    EXPECT_EQ(second, 22);
    kept[0](3);
  });
}

// GEN-08
TEST_F(CallbackStyle, waiting_for_a_key_can_be_cancelled) {
  std::function<void()> kept;
  const auto wait = [&]() -> Future<void> {
    kept = co_await gen::Callback("k");
    co_await gen::Wait("k");
  };
  run([&]() -> Future<void> {
    auto waiting = wait();
    waiting.cancel();
    EXPECT_THROW(co_await waiting, CancelledError);
    kept();
  });
}

// ---- gen.engine, coroutine(callback=), return_future

// GEN-09
TEST_F(CallbackStyle, engine_starts_a_coroutine_and_reports_its_exception) {
  test::Logged logged;
  auto token = std::make_shared<std::string>("captured");
  std::vector<std::string> seen;
  {
    auto work =
        gen::engine([&, token](int number, std::function<void(int)> callback) -> Future<void> {
          co_await gen::sleep(1);
          seen.push_back(*token);
          callback(number + 1);
          throw std::range_error("after the callback");
        });
    work(1, [&](int result) { seen.push_back(std::to_string(result)); });
  }
  EXPECT_TRUE(seen.empty());
  run([] { return gen::sleep(2); });
  EXPECT_THAT(seen, ElementsAre("captured", "2"));
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_THAT(logged.lines(), ElementsAre("tornado.application: Exception in callback: "
                                          "std::range_error: after the callback"));
}

// GEN-16
TEST_F(CallbackStyle, a_coroutine_may_be_called_with_a_callback) {
  test::Logged logged;
  std::vector<int> seen;
  auto square = gen::coroutine([](int number) -> Future<int> {
    co_await gen::sleep(1);
    if (number < 0) throw std::range_error("negative");
    co_return number* number;
  });
  auto nothing = gen::coroutine([]() -> Future<void> { co_await gen::sleep(1); });
  run([&]() -> Future<void> {
    square(3, [&](int result) { seen.push_back(result); });
    nothing([&] { seen.push_back(0); });
    EXPECT_EQ(co_await square(4), 16);
    square(-1, [&](int result) { seen.push_back(result); });
    co_await gen::sleep(2);
  });
  EXPECT_THAT(seen, ElementsAre(9, 0));
  EXPECT_THAT(
      logged.lines(),
      ElementsAre("tornado.application: Exception in callback: std::range_error: negative"));
}

// GEN-16
TEST_F(CallbackStyle, a_call_with_a_callback_keeps_the_captures) {
  auto token = std::make_shared<std::string>("captured, and long enough to be on the heap");
  std::vector<std::string> seen;
  {
    auto load = gen::coroutine([token](int number) -> Future<std::string> {
      co_await gen::sleep(1);
      co_return *token + " " + std::to_string(number);
    });
    load(1, [&](const std::string& text) { seen.push_back(text); });
  }
  run([] { return gen::sleep(2); });
  EXPECT_THAT(seen, ElementsAre("captured, and long enough to be on the heap 1"));
  EXPECT_EQ(token.use_count(), 1);
}

// CON-04
TEST_F(CallbackStyle, return_future_gives_a_future_and_still_calls_back) {
  auto load = return_future<std::string>(&fetch);
  std::vector<std::string> seen;
  run([&]() -> Future<void> {
    EXPECT_EQ(co_await load("/a"), "body of /a");
    auto both = load("/b", [&](const std::string& body) { seen.push_back(body); });
    EXPECT_EQ(co_await both, "body of /b");
    co_await settle();
    EXPECT_THAT(seen, ElementsAre("body of /b"));
    const Client client{"host"};
    auto method = return_future<std::string>(&Client::fetch);
    EXPECT_EQ(co_await method(client, "/c"), "body of host/c");
    auto none = return_future<void>([](auto callback) { callback(); });
    co_await none();
    bool called = false;
    co_await none([&] { called = true; });
    co_await settle();
    EXPECT_TRUE(called);
  });
}

// CON-04
TEST_F(CallbackStyle, what_the_function_throws_at_once_is_thrown_at_once) {
  auto fail = return_future<int>(
      [](const std::function<void(int)>&) { throw std::range_error("at once"); });
  EXPECT_THROW(static_cast<void>(fail()), std::range_error);
  EXPECT_THROW(static_cast<void>(fail([](int) {})), std::range_error);
}

}  // namespace
}  // namespace tornado
