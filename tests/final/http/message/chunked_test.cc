#include "http/message/chunked.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "vectors.h"

namespace tornado::http {
namespace {

using test::Vector;

struct Dechunked {
  ChunkedStatus status = ChunkedStatus::kNeedMore;
  std::string body;
  std::string rest;
  std::string reason;

  bool operator==(const Dechunked&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Dechunked& outcome) {
  return out << static_cast<int>(outcome.status) << " body '" << outcome.body << "' rest '"
             << outcome.rest << "' " << outcome.reason;
}

// Feeds `data` in pieces that end at the given places.
Dechunked decode(std::string_view data, const std::vector<std::size_t>& ends,
                 const ChunkedLimits& limits = {}) {
  ChunkedDecoder decoder(limits);
  Dechunked outcome;
  std::size_t position = 0;
  for (const std::size_t end : ends) {
    while (position < end) {
      // A copy of exactly this size lets AddressSanitizer detect a read beyond what has arrived.
      const std::vector<char> arrived(data.begin() + static_cast<std::ptrdiff_t>(position),
                                      data.begin() + static_cast<std::ptrdiff_t>(end));
      const ChunkedResult result = decoder.next({arrived.data(), arrived.size()});
      outcome.status = result.status;
      outcome.body += result.content;
      position += result.consumed;
      if (result.status == ChunkedStatus::kContent) continue;
      if (result.status == ChunkedStatus::kNeedMore) break;
      outcome.rest = data.substr(position);
      if (result.reason != nullptr) outcome.reason = result.reason;
      return outcome;
    }
  }
  outcome.status = ChunkedStatus::kNeedMore;
  return outcome;
}

Dechunked decode_whole(std::string_view data, const ChunkedLimits& limits = {}) {
  return decode(data, {data.size()}, limits);
}

const char* status_name(ChunkedStatus status) {
  switch (status) {
    case ChunkedStatus::kDone:
      return "done";
    case ChunkedStatus::kBad:
      return "bad";
    case ChunkedStatus::kTooLarge:
      return "too-large";
    default:
      return "need-more";
  }
}

class ChunkedVectors : public testing::TestWithParam<Vector> {};

TEST_P(ChunkedVectors, whole_bytewise_and_cut) {
  const Vector& vector = GetParam();
  const std::string& data = vector.input;
  const Dechunked whole = decode_whole(data);
  ASSERT_EQ(vector.outcome(), status_name(whole.status)) << whole;
  const bool done = whole.status == ChunkedStatus::kDone;
  if (whole.status != ChunkedStatus::kNeedMore) {
    EXPECT_EQ(vector.argument(), done ? whole.body : whole.reason);
  }
  if (vector.value("rest") != "<none>") {
    EXPECT_EQ(vector.value("rest"), whole.rest);
  }
  std::vector<std::size_t> every_byte;
  for (std::size_t i = 1; i <= data.size(); ++i) every_byte.push_back(i);
  EXPECT_EQ(whole, decode(data, every_byte));
  for (std::size_t cut = 0; cut <= data.size(); ++cut) {
    ASSERT_EQ(whole, decode(data, {cut, data.size()})) << "cut at " << cut;
  }
}

INSTANTIATE_TEST_SUITE_P(H, ChunkedVectors, testing::ValuesIn(test::read_vectors("chunked.md")),
                         test::name_of);

// The sum of the chunks counts, and it is refused before the chunk's data has arrived.
TEST(Chunked, body_limit) {
  const ChunkedLimits limits{.max_body_size = 10};
  EXPECT_EQ("0123456789", decode_whole("5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n", limits).body);
  EXPECT_EQ(ChunkedStatus::kTooLarge, decode_whole("5\r\n01234\r\n6\r\n", limits).status);
  EXPECT_EQ(ChunkedStatus::kTooLarge, decode_whole("b\r\n", limits).status);
}

TEST(Chunked, body_limit_can_be_changed_between_chunks) {
  ChunkedDecoder decoder(ChunkedLimits{.max_body_size = 1});
  decoder.set_max_body_size(3);
  EXPECT_EQ("abc", decoder.next("3\r\nabc").content);
  EXPECT_EQ(3u, decoder.body_size());
  decoder.set_max_body_size(2);  // less than has already arrived
  EXPECT_EQ(ChunkedStatus::kTooLarge, decoder.next("\r\n1\r\n").status);
}

TEST(Chunked, extension_limit_counts_all_chunks) {
  std::string body;
  for (int i = 0; i < 16; ++i) body += "1;" + std::string(1023, 'x') + "\r\na\r\n";  // 16384 bytes
  EXPECT_EQ(ChunkedStatus::kDone, decode_whole(body + "0\r\n\r\n").status);
  const Dechunked outcome = decode_whole(body + "0;\r\n\r\n");
  EXPECT_EQ(ChunkedStatus::kBad, outcome.status);
  EXPECT_EQ("chunk extensions too long", outcome.reason);
}

TEST(Chunked, extension_limit_counts_blanks) {
  const std::string body = "1" + std::string(16385, ' ');
  EXPECT_EQ("chunk extensions too long", decode_whole(body).reason);
}

TEST(Chunked, trailer_limit) {
  const auto body = [](std::size_t size) {
    return "0\r\nX: " + std::string(size, 'x') + "\r\n\r\n";
  };
  EXPECT_EQ(ChunkedStatus::kDone, decode_whole(body(16384 - 5)).status);
  const Dechunked outcome = decode_whole(body(16384 - 4));
  EXPECT_EQ(ChunkedStatus::kBad, outcome.status);
  EXPECT_EQ("chunked trailers too long", outcome.reason);
}

TEST(Chunked, every_byte_after_the_size) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool is_digit =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    const bool allowed = is_digit || c == ' ' || c == '\t' || c == ';' || c == '\r';
    const std::string body = std::string("1") + c;
    EXPECT_EQ(allowed, decode_whole(body).status == ChunkedStatus::kNeedMore) << byte;
  }
}

// A megabyte of one-byte chunks: each byte is consumed once, however many are given at a time.
TEST(Chunked, many_small_chunks_are_linear) {
  std::string body;
  while (body.size() < 1'000'000) body += "1\r\nx\r\n";
  body += kLastChunk;
  ChunkedDecoder decoder;
  std::string_view rest = body;
  std::size_t calls = 0;
  ChunkedResult result;
  do {
    result = decoder.next(rest);
    rest.remove_prefix(result.consumed);
    ++calls;
  } while (result.status == ChunkedStatus::kContent);
  EXPECT_EQ(ChunkedStatus::kDone, result.status);
  EXPECT_EQ(decoder.body_size() + 1, calls);
}

// Lower-case hex, and the end.
TEST(Chunked, writing) {
  std::string out;
  append_chunk(out, std::string(26, 'x'));
  out += kLastChunk;
  EXPECT_EQ("1a\r\n" + std::string(26, 'x') + "\r\n0\r\n\r\n", out);
  EXPECT_EQ(std::string(26, 'x'), decode_whole(out).body);
}

}  // namespace
}  // namespace tornado::http
