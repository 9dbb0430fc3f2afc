#include <gtest/gtest.h>
#include <tornado/core/function.h>

#include <functional>
#include <string>

namespace {

using tornado::core::Function;

int twice(int value) {
  return 2 * value;
}

struct Counter {
  int value = 0;
  int add(int amount) { return value += amount; }
};

TEST(Function, EmptyIsFalseAndThrowsWhenCalled) {
  const Function<int(int)> none;
  const Function<int(int)> null = nullptr;
  const Function<int(int)> null_pointer = static_cast<int (*)(int)>(nullptr);
  EXPECT_FALSE(none);
  EXPECT_FALSE(null);
  EXPECT_FALSE(null_pointer);
  EXPECT_THROW(none(1), std::bad_function_call);
}

TEST(Function, CallsFunctionsLambdasAndMembers) {
  EXPECT_EQ(Function<int(int)>(twice)(4), 8);
  const std::string text = "abc";
  EXPECT_EQ(
      Function<std::string(std::string)>([text](std::string more) { return text + more; })("d"),
      "abcd");
  Counter counter;
  const Function<int(Counter&, int)> add = &Counter::add;
  EXPECT_EQ(add(counter, 5), 5);
  EXPECT_EQ(counter.value, 5);
}

TEST(Function, DropsTheResultWhenVoidIsAsked) {
  int calls = 0;
  const Function<void()> count = [&calls] { return ++calls; };
  count();
  EXPECT_EQ(calls, 1);
}

TEST(Function, CopiesHoldTheirOwn) {
  const Function<int()> first = [value = 0]() mutable { return ++value; };
  EXPECT_EQ(first(), 1);
  const Function<int()> second = first;
  EXPECT_EQ(first(), 2);
  EXPECT_EQ(first(), 3);
  EXPECT_EQ(second(), 2);
}

TEST(Function, MovesAndAssigns) {
  Function<int(int)> from = twice;
  Function<int(int)> to = std::move(from);
  EXPECT_EQ(to(2), 4);
  to = [](int value) { return value + 1; };
  EXPECT_EQ(to(2), 3);
  to = nullptr;
  EXPECT_FALSE(to);
}

}  // namespace
