// Bytes as text: Base64 and hexadecimal.
#include <gtest/gtest.h>

#include <string>

#include "base/text/base64.h"
#include "base/text/hex.h"

namespace tornado {
namespace {

std::string some_bytes(std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(i * 37 + size);
  return bytes;
}

TEST(Base64, decoding_gives_back_what_was_encoded) {
  for (std::size_t size = 0; size < 260; ++size) {
    EXPECT_EQ(base64_decode(base64_encode(some_bytes(size))), some_bytes(size));
  }
}

TEST(Base64, any_other_text_is_refused) {
  for (const char* text : {"A", "AA", "AAA", "A===", "====", "AA=A", "AA==AAAA", "AAA\n", "AA A",
                           "AA-_", "Zh==", "Zm9=", "Zg==\n", " Zg=="}) {
    EXPECT_EQ(base64_decode(text), std::nullopt) << text;
  }
}

TEST(Hex, decoding_gives_back_what_was_encoded) {
  EXPECT_EQ(hex_encode(std::string_view("\x00\x7f\xff", 3)), "007fff");
  EXPECT_EQ(hex_decode(hex_encode(some_bytes(300))), some_bytes(300));
  EXPECT_EQ(hex_decode("C3a4"), "\xc3\xa4");
  EXPECT_EQ(hex_decode(""), "");
}

TEST(Hex, any_other_text_is_refused) {
  for (const char* text : {"a", "abc", "0x", "g0", "0g", "a ", "+1"}) {
    EXPECT_EQ(hex_decode(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace tornado
