// Awaits that g++ 12.2 compiles correctly, kept so that a change of compiler or of our promise type
// shows at once. Every value here lives on the heap, so that AddressSanitizer notices if one is
// destroyed twice.
//
// Not here, because g++ 12.2 destroys the temporary twice (scripts/check_await.py rejects them):
//   an aggregate as an argument of an awaited call, as a default argument, or built from awaits;
//   a lambda that captures by value, as an argument of an awaited call or called on the spot;
//   a class-typed ?: anywhere in the statement.
// A braced list for a vector in the statement is missing too: it does not compile. So is an await
// in the condition of if, while, switch or for in a coroutine without any local variable: its frame
// is resumed at address 0. One variable in any block is enough, and the conditions below have one;
// chapters/08-coroutines/labs/condition.cc has none.
#include <map>

#include "loop_test_util.h"

namespace tornado {
namespace {

using ioloop::IOLoop;

// Too long to be stored inside a std::string itself.
std::string text(char letter) {
  return std::string(64, letter);
}

Future<std::string> now(std::string value) {
  co_return value;
}

Future<std::string> later(std::string value) {
  co_await gen::moment;
  co_return value;
}

Future<std::string> failing(std::string value) {
  co_await gen::moment;
  throw std::runtime_error(value);
}

class Options {
 public:
  explicit Options(std::string url) : url_(std::move(url)) {}
  Options& header(std::string value) {
    headers_.push_back(std::move(value));
    return *this;
  }
  std::string joined() const {
    std::string all = url_;
    for (const auto& one : headers_) all += one;
    return all;
  }

 private:
  std::string url_;
  std::vector<std::string> headers_;
};

Future<std::string> fetch(Options options) {
  co_await gen::moment;
  co_return options.joined();
}

Future<std::string> fetch_default(Options options = Options("default")) {
  co_await gen::moment;
  co_return options.joined();
}

template <class F>
Future<std::string> call(F function) {
  co_await gen::moment;
  co_return function();
}

class Gcc12 : public ::testing::Test {
 protected:
  template <class F>
  auto run(F function) {
    return loop.run_sync(std::move(function));
  }
  IOLoop loop;
};

TEST_F(Gcc12, a_temporary_of_a_class_with_a_constructor) {
  const auto use = []() -> Future<std::string> {
    auto one = co_await fetch(Options(text('a')));
    auto two = co_await fetch(Options(text('b')).header(text('c')).header(text('d')));
    auto three = co_await fetch_default();
    co_return one + two + three;
  };
  EXPECT_EQ(run(use), text('a') + text('b') + text('c') + text('d') + "default");
}

TEST_F(Gcc12, a_named_value_moved_in_and_a_future_awaited_on_the_next_line) {
  struct Aggregate {
    std::string a;
    std::string b;
  };
  const auto take = [](Aggregate value) -> Future<std::string> {
    co_await gen::moment;
    co_return value.a + value.b;
  };
  const auto use = [take]() -> Future<std::string> {
    Aggregate named{text('a'), text('b')};
    auto one = co_await take(std::move(named));
    auto pending = take({text('c'), text('d')});
    auto two = co_await std::move(pending);
    co_return one + two;
  };
  EXPECT_EQ(run(use), text('a') + text('b') + text('c') + text('d'));
}

TEST_F(Gcc12, lambdas_that_capture_by_reference_trivially_or_not_at_all) {
  const auto use = []() -> Future<std::string> {
    std::string local = text('a');
    const char letter = 'b';
    auto one = co_await call([&local] { return local; });
    auto two = co_await call([&] { return text(letter); });
    auto three = co_await call([] { return text('c'); });
    auto named = [copy = local] { return copy; };
    auto four = co_await call(std::move(named));
    co_return one + two + three + four;
  };
  EXPECT_EQ(run(use), text('a') + text('b') + text('c') + text('a'));
}

TEST_F(Gcc12, strings_as_temporaries_and_conversions_in_the_arguments) {
  const auto use = []() -> Future<std::string> {
    std::string local = text('a');
    auto one = co_await now(local + text('b'));
    auto two = co_await later(local + text('c') + "literal");
    co_return one + two + co_await later("from a literal that is longer than the inline buffer");
  };
  EXPECT_EQ(run(use), text('a') + text('b') + text('a') + text('c') + "literal" +
                          "from a literal that is longer than the inline buffer");
}

TEST_F(Gcc12, several_awaits_in_one_statement) {
  const auto use = []() -> Future<std::string> {
    const auto sum = co_await later(text('a')) + co_await now(text('b')) + co_await later("c");
    auto [x, y] = co_await gen::multi(later(text('d')), now(text('e')));
    co_return sum + x + y;
  };
  EXPECT_EQ(run(use), text('a') + text('b') + "c" + text('d') + text('e'));
}

TEST_F(Gcc12, conditions_named_before_they_are_tested) {
  static std::string all;
  all.clear();  // the test may run more than once
  const auto choose = []() -> Future<void> {
    const std::string value = co_await later(text('a'));
    if (value.empty()) {
      all += "?";
    } else {
      all += value;
    }
  };
  const auto declare = []() -> Future<void> {
    if (const auto value = co_await later("b"); !value.empty()) all += value;
  };
  const auto repeat = []() -> Future<void> {
    while (const std::size_t left = 3 - (co_await later(all)).size() % 4)
      all += std::to_string(left);
  };
  run(choose);
  run(declare);
  run(repeat);
  EXPECT_EQ(all, text('a') + "b21");
}

TEST_F(Gcc12, awaits_in_conditions_and_loops) {
  const auto use = []() -> Future<std::string> {
    std::string all;
    if (auto value = co_await later(text('a')); !value.empty()) all += value;
    for (const auto& value : std::vector<int>(3, 1)) all += co_await later(std::to_string(value));
    for (const char letter : co_await later("xyz")) all += letter;
    while (co_await later(all) != text('a') + "111xyz!") all += '!';
    switch ((co_await later("s")).front()) {
      case 's':
        all += co_await later("S");
        break;
      default:
        all += "?";
    }
    if ((co_await now("")).empty() && !(co_await later("y")).empty()) all += "&";
    if (!(co_await now("")).empty() || !(co_await later("y")).empty()) all += "|";
    co_return all;
  };
  EXPECT_EQ(run(use), text('a') + "111xyz!S&|");
}

TEST_F(Gcc12, exceptions_through_three_levels_and_out_of_arguments) {
  const auto inner = []() -> Future<std::string> { co_return co_await failing(text('e')); };
  const auto middle = [inner]() -> Future<std::string> {
    std::string local = text('l');
    co_return local + co_await inner();
  };
  const auto thrower = [](int) -> std::string { throw std::runtime_error("argument"); };
  const auto use = [middle, thrower]() -> Future<std::string> {
    std::string seen;
    try {
      co_await middle();
    } catch (const std::runtime_error& error) {
      seen = error.what();
    }
    try {
      co_await later(text('x') + thrower(1));
    } catch (const std::runtime_error& error) {
      seen += error.what();
    }
    co_return seen;
  };
  EXPECT_EQ(run(use), text('e') + "argument");
}

TEST_F(Gcc12, suspended_frames_with_locals_arguments_and_bindings_are_freed) {
  auto token = std::make_shared<std::string>(text('t'));
  {
    IOLoop inner;
    const auto wait = [](std::shared_ptr<std::string> held, Options options) -> Future<void> {
      const auto copy = held;
      auto pair = std::make_pair(options, held);
      auto& [first, second] = pair;
      std::map<std::string, std::shared_ptr<std::string>> table;
      table.emplace(first.joined(), second);
      Future<void> never;
      co_await never;
    };
    inner.spawn_callback(wait, token, Options(text('o')));
    inner.add_callback([&] { inner.stop(); });
    inner.start();
    EXPECT_GT(token.use_count(), 3);
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST_F(Gcc12, members_and_recursion) {
  struct Counter {
    std::string name = text('n');
    Future<std::string> repeat(int times) {
      if (times == 0) co_return std::string();
      co_await gen::moment;
      co_return name + co_await repeat(times - 1);
    }
  } counter;
  EXPECT_EQ(run([&] { return counter.repeat(3); }), text('n') + text('n') + text('n'));
}

TEST_F(Gcc12, a_result_is_built_once_and_destroyed_once) {
  static int alive = 0;
  static int made = 0;
  struct Value {
    Value() { ++alive, ++made; }
    Value(const Value&) { ++alive, ++made; }
    Value(Value&&) noexcept { ++alive; }
    Value& operator=(const Value&) = delete;
    ~Value() { --alive; }
  };
  made = 0;  // the test may run more than once
  const auto give = []() -> Future<Value> {
    co_await gen::moment;
    co_return Value();
  };
  const auto use = [give]() -> Future<void> {
    co_await give();
    const auto value = co_await give();
  };
  run(use);
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(made, 2);
}

// clang rejects these (tests/compile/test_refused.py).
#ifndef __clang__
Future<std::string> without_value(bool give) {
  if (give) co_return text('v');
}

Future<std::unique_ptr<int>> without_value_later() {
  co_await gen::moment;
}

TEST_F(Gcc12, a_coroutine_that_forgot_its_value_is_done_with_an_exception) {
  EXPECT_EQ(without_value(true).result(), text('v'));
  const auto said = [](auto wait) -> Future<std::string> {
    auto waiting = wait();
    try {
      co_await waiting;
    } catch (const std::logic_error& error) {
      co_return error.what();
    }
    co_return "nothing";
  };
  const std::string why = "a coroutine that promised a value has ended without co_return";
  EXPECT_EQ(run([&] { return said([] { return without_value(false); }); }), why);
  EXPECT_EQ(run([&] { return said(without_value_later); }), why);
}
#endif

}  // namespace
}  // namespace tornado
