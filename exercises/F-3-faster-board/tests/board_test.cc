#include "F-3-faster-board/board.h"

#include <gtest/gtest.h>
#include <time.h>
#include <tornado/json.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "F-3-faster-board/tests/slow_board.h"
#include "support/story.h"

namespace {

using story::Story;
using tornado::json;

// Returns what is new as one line: "3 Ada: hello, 4 Bob: yes"; or what is wrong with the JSON.
std::string news(const Board& board, int since) try {
  std::string line;
  const json answer = tornado::escape::json_decode(board.since(since));
  for (const json& one : answer.at("messages")) {
    if (!line.empty()) line += ", ";
    line += std::to_string(one.at("id").get<int>()) + " " + one.at("author").get<std::string>() +
            ": " + one.at("text").get<std::string>();
  }
  return line;
} catch (const std::exception& error) {
  return error.what();
}

TEST(Board, shows_what_is_new) {
  Story story("This one passes with the starter: it is slow, but right.");
  Board board(10);
  story.expect("the news on an empty board", std::string(), news(board, 0));
  story.step("Ada and Bob write");
  board.add("Ada", "hello");
  board.add("Bob", "yes");
  story.expect("the news since 0", std::string("1 Ada: hello, 2 Bob: yes"), news(board, 0));
  story.expect("the news since 1", std::string("2 Bob: yes"), news(board, 1));
  story.expect("the news since 2", std::string(), news(board, 2));
  story.expect("the news since 7", std::string(), news(board, 7));
  story.expect("the news since -7", std::string("1 Ada: hello, 2 Bob: yes"), news(board, -7));
}

TEST(Board, keeps_only_the_newest) {
  Story story("A board that keeps everything is fast, until the memory is full.");
  Board board(2);
  for (const std::string text : {"a", "b", "c", "d"}) board.add("Ada", text);
  story.step("a board for two messages gets four");
  story.expect("the news since 0", std::string("3 Ada: c, 4 Ada: d"), news(board, 0));
  story.expect("the news since 3", std::string("4 Ada: d"), news(board, 3));
  story.expect("edit(2)", false, board.edit(2, "x"));
  story.expect("edit(5)", false, board.edit(5, "x"));
  story.expect("edit(3)", true, board.edit(3, "x"));
  story.expect("edit(4)", true, board.edit(4, "y"));
  story.expect("the news since 0", std::string("3 Ada: x, 4 Ada: y"), news(board, 0));
}

TEST(Board, shows_what_was_edited) {
  Story story("If you keep an encoded message, edit() must encode it again.");
  Board board(10);
  board.add("Ada", "hello");
  story.expect("the news", std::string("1 Ada: hello"), news(board, 0));
  story.step("Ada corrects herself");
  board.edit(1, "good evening");
  story.expect("the news", std::string("1 Ada: good evening"), news(board, 0));
}

TEST(Board, any_text) {
  Story story(
      "A text may contain what ends a string in JSON. Only a JSON encoder knows all of it.");
  Board board(10);
  const std::string text = "\"quoted\" \\ and\n\tmore \x01 \xc3\xa4";
  board.add("A\"da", text);
  story.expect("the news", "1 A\"da: " + text, news(board, 0));
}

// Returns the processor time that 3 messages take, if 5 clients ask for the news after each.
template <class AnyBoard>
double seconds_for(AnyBoard& board) {
  timespec begin{};
  timespec end{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
  std::size_t bytes = 0;
  for (int i = 0; i < 3; ++i) {
    const int last = board.add("Ada", "the " + std::to_string(i) + "th message of many");
    for (int client = 0; client < 5; ++client) bytes += board.since(last - 50).size();
  }
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
  EXPECT_GT(bytes, 0u);
  return static_cast<double>(end.tv_sec - begin.tv_sec) +
         static_cast<double>(end.tv_nsec - begin.tv_nsec) / 1e9;
}

TEST(Board, faster) {
  Story story(
      "Find out with perf where the time goes before you change anything: what is done again for "
      "each client, and\n"
      "  what for each message that nobody asked for?",
      20);
  constexpr int kKept = 200;
  SlowBoard before(kKept);
  Board after(kKept);
  for (int i = 0; i < kKept; ++i) {
    before.add("Ada", "an old message");
    after.add("Ada", "an old message");
  }
  std::array<double, 7> ratios{};
  for (double& ratio : ratios) {  // in turn, so that a busy machine slows both
    const double slow = seconds_for(before);
    ratio = slow / seconds_for(after);
  }
  std::sort(ratios.begin(), ratios.end());
  std::printf("7 pairs: median %.0f times as fast, from %.0f to %.0f\n", ratios[3], ratios[0],
              ratios[6]);
  story.step("measured in 7 pairs: 3 messages, 5 clients, who get the newest 50 of 200");
  story.expect("the median is at least 20 times as fast as before", true, ratios[3] >= 20);
}

}  // namespace
