#include "04-iostream/buffer.h"

#include <gtest/gtest.h>

#include <string>

namespace mini {
namespace {

TEST(Buffer, hands_out_what_came_in_in_its_order) {
  Buffer buffer;
  EXPECT_TRUE(buffer.empty());
  buffer.append("abc");
  buffer.append("");
  buffer.append("defg");
  EXPECT_EQ(buffer.size(), 7u);
  EXPECT_EQ(buffer.take(4), "abcd");
  EXPECT_EQ(buffer.view(), "efg");
  buffer.drop(1);
  EXPECT_EQ(buffer.take(2), "fg");
  EXPECT_TRUE(buffer.empty());
  buffer.append("h");
  EXPECT_EQ(buffer.view(), "h");
}

TEST(Buffer, any_mixture_of_pieces_gives_the_same_bytes) {
  std::string all;
  for (int i = 0; i < 1000; ++i) all += std::to_string(i);
  for (std::size_t in = 1; in < 50; in += 3) {
    for (std::size_t out = 1; out < 50; out += 4) {
      Buffer buffer;
      std::string came;
      for (std::size_t at = 0; at < all.size(); at += in) {
        buffer.append(all.substr(at, in));
        if (buffer.size() >= out) came += buffer.take(out);
      }
      EXPECT_EQ(came + std::string(buffer.view()), all) << in << " in, " << out << " out";
    }
  }
}

// A string without memory of its own keeps its bytes inside itself.
TEST(Buffer, frees_its_memory_when_it_is_empty) {
  Buffer buffer;
  buffer.append(std::string(100'000, 'x'));
  buffer.drop(100'000);
  const auto* begin = reinterpret_cast<const char*>(&buffer);
  EXPECT_GE(buffer.view().data(), begin);
  EXPECT_LT(buffer.view().data(), begin + sizeof buffer);
}

// Removed bytes may take up half of the buffer at most.
TEST(Buffer, does_not_keep_what_is_gone) {
  Buffer buffer;
  buffer.append(std::string(1000, 'x'));
  const char* first = buffer.view().data();
  buffer.drop(500);
  EXPECT_EQ(buffer.view().data(), first + 500);  // nothing was moved
  buffer.drop(1);
  EXPECT_NE(buffer.view().data(), first + 501);
  EXPECT_EQ(buffer.size(), 499u);
}

}  // namespace
}  // namespace mini
