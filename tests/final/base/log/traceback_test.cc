#include "base/log/traceback.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/log/throw_record.h"

namespace tornado::core {

// Outside of the anonymous namespace: the test looks for their names.
[[gnu::noinline]] void inner(int number) {
  if (number >= 0) throw std::out_of_range("too much");
}

[[gnu::noinline]] void outer(int number) {
  inner(number);
  // Not a tail call: this function stays on the stack.
  asm volatile("");
}

// g++ 12's demangler cannot read the name of this lambda.
[[gnu::noinline]] void through_a_lambda(int number) {
  [&]<std::size_t... I, std::size_t... J>(std::index_sequence<I...>, std::index_sequence<J...>) {
    (inner(number + static_cast<int>(I)), ...);
    asm volatile("");
  }(std::index_sequence<0>(), std::index_sequence<>());
  asm volatile("");
}

// A function into which another was inlined.
struct Outermost {
  [[gnu::always_inline]] static void inlined() { asm volatile(""); }
  [[gnu::noinline]] static void call(int number) {
    inlined();
    inner(number);
    inlined();
  }
};

namespace {

std::exception_ptr caught(void (*function)(int)) {
  record_throws();
  try {
    function(1);
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

TEST(Traceback, names_the_calls_with_the_innermost_last) {
  const std::string text = traceback(caught(&outer));
  EXPECT_TRUE(text.starts_with("Traceback (most recent call last):\n")) << text;
  const std::size_t first = text.find("outer(int)");
  ASSERT_NE(first, std::string::npos) << text;
  EXPECT_NE(text.find("inner(int)", first), std::string::npos) << text;
  EXPECT_EQ(text.find("__cxa_throw"), std::string::npos) << text;
}

TEST(Traceback, begins_where_it_is_asked_to) {
  const std::string text = traceback(caught(&outer), "tornado::core::outer");
  EXPECT_EQ(text.find("caught"), std::string::npos) << text;
  EXPECT_NE(text.find("outer(int)"), std::string::npos) << text;
  EXPECT_EQ(traceback(caught(&outer), "nothing of this name"), traceback(caught(&outer)));
}

TEST(Traceback, names_a_function_with_its_class_also_where_others_were_inlined) {
  const std::string text = traceback(caught(&Outermost::call));
  EXPECT_NE(text.find("Outermost::call(int)"), std::string::npos) << text;
}

TEST(Traceback, shows_no_name_that_only_a_linker_reads) {
  const std::string text = traceback(caught(&through_a_lambda));
  EXPECT_NE(text.find("through_a_lambda(int)"), std::string::npos) << text;
  EXPECT_NE(text.find("inner(int)"), std::string::npos) << text;
  EXPECT_EQ(text.find("_Z"), std::string::npos) << text;
}

TEST(Traceback, is_that_of_the_throw_and_not_of_a_rethrow) {
  const std::exception_ptr first = caught(&outer);
  try {
    std::rethrow_exception(first);
  } catch (...) {
    EXPECT_NE(traceback(std::current_exception()).find("inner(int)"), std::string::npos);
  }
}

TEST(Traceback, goes_with_an_exception_to_another_thread) {
  std::exception_ptr thrown;
  std::thread([&thrown] { thrown = caught(&outer); }).join();
  EXPECT_NE(traceback(thrown).find("inner(int)"), std::string::npos);
}

TEST(Traceback, is_empty_for_what_was_not_thrown) {
  record_throws();
  EXPECT_EQ(traceback(nullptr), "");
  caught(&outer);  // freed: the next exception may have the same address
  EXPECT_EQ(traceback(std::make_exception_ptr(std::out_of_range("made"))), "");
}

TEST(Traceback, is_kept_as_long_as_the_exception) {
  std::vector<std::exception_ptr> thrown;
  for (int i = 0; i < 1000; ++i) thrown.push_back(caught(&inner));
  EXPECT_NE(traceback(thrown.front()), "");
  EXPECT_NE(traceback(thrown.back()), "");
}

}  // namespace
}  // namespace tornado::core
