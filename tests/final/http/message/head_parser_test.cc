#include "http/message/head_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "growth.h"
#include "vectors.h"

namespace tornado::http {
namespace {

using test::Vector;

struct Outcome {
  HeadResult result;
  RequestHead request;
  ResponseHead response;
  bool is_response = false;

  const httputil::HTTPHeaders& headers() const {
    return is_response ? response.headers : request.headers;
  }
};

// One message that arrives piece by piece.
class Feeder {
 public:
  Feeder(bool is_response, const HeadLimits& limits) : limits_(limits) {
    outcome_.is_response = is_response;
  }

  // `data` is everything that has arrived.
  bool feed(std::string_view data) {
    // A copy of exactly this size lets AddressSanitizer detect a read beyond what has arrived.
    const std::vector<char> arrived(data.begin(), data.end());
    const std::string_view view(arrived.data(), arrived.size());
    outcome_.result = outcome_.is_response
                          ? parse_response_head(view, scan_, limits_, outcome_.response)
                          : parse_request_head(view, scan_, limits_, outcome_.request);
    return outcome_.result.status != HeadStatus::kNeedMore;
  }
  const Outcome& outcome() const { return outcome_; }

 private:
  HeadLimits limits_;
  HeadScan scan_;
  Outcome outcome_;
};

Outcome parse_whole(std::string_view data, bool is_response = false,
                    const HeadLimits& limits = {}) {
  Feeder feeder(is_response, limits);
  feeder.feed(data);
  return feeder.outcome();
}

Outcome parse_bytewise(std::string_view data, bool is_response, const HeadLimits& limits = {}) {
  Feeder feeder(is_response, limits);
  for (std::size_t i = 1; i <= data.size() && !feeder.feed(data.substr(0, i)); ++i) {
  }
  return feeder.outcome();
}

Outcome parse_cut(std::string_view data, std::size_t cut, bool is_response) {
  Feeder feeder(is_response, {});
  if (!feeder.feed(data.substr(0, cut))) feeder.feed(data);
  return feeder.outcome();
}

const char* status_name(HeadStatus status) {
  switch (status) {
    case HeadStatus::kDone:
      return "done";
    case HeadStatus::kNeedMore:
      return "need-more";
    case HeadStatus::kBad:
      return "bad";
    case HeadStatus::kTooLarge:
      return "too-large";
  }
  return "";
}

template <class Head>
std::string body_text(const Head& head) {
  if (head.chunked) return "chunked";
  return head.content_length ? std::to_string(*head.content_length) : "none";
}

// The outcome of a parse, as text: equal texts are equal outcomes.
std::string describe(const Outcome& outcome) {
  std::string text = status_name(outcome.result.status);
  if (outcome.result.status != HeadStatus::kDone) {
    return text + " " + (outcome.result.reason != nullptr ? outcome.result.reason : "");
  }
  text += " " + std::to_string(outcome.result.consumed) + "\n";
  if (outcome.is_response) {
    const auto& head = outcome.response;
    text += head.start_line.version + " " + std::to_string(head.start_line.code) + " " +
            head.start_line.reason + "\n" + body_text(head) +
            (head.keep_alive ? " keep\n" : " close\n");
  } else {
    const auto& head = outcome.request;
    text += head.start_line.method + " " + head.start_line.path + " " + head.start_line.version +
            "\n" + body_text(head) + (head.keep_alive ? " keep" : " close") +
            (head.expect_continue ? " expect\n" : "\n");
  }
  return text + std::string(outcome.headers().wire());
}

std::string yes_no(bool value) {
  return value ? "yes" : "no";
}

void check_value(const Vector& vector, std::string_view key, const std::string& actual) {
  const std::string wanted = vector.value(key);
  if (wanted == "<none>") return;
  EXPECT_EQ(wanted, actual) << key;
}

void check_done(const Vector& vector, const Outcome& outcome) {
  if (outcome.is_response) {
    const auto& line = outcome.response.start_line;
    EXPECT_EQ(vector.argument(),
              line.version + " " + std::to_string(line.code) + " " + line.reason);
    check_value(vector, "body", body_text(outcome.response));
    check_value(vector, "keep-alive", yes_no(outcome.response.keep_alive));
  } else {
    const auto& line = outcome.request.start_line;
    EXPECT_EQ(vector.argument(), line.method + " " + line.path + " " + line.version);
    check_value(vector, "body", body_text(outcome.request));
    check_value(vector, "keep-alive", yes_no(outcome.request.keep_alive));
    check_value(vector, "expect-continue", yes_no(outcome.request.expect_continue));
  }
  check_value(vector, "consumed", std::to_string(outcome.result.consumed));
  for (const auto& [name, value] : vector.headers()) {
    EXPECT_TRUE(outcome.headers().contains(name)) << name;
    EXPECT_EQ(value, outcome.headers().get(name)) << name;
  }
  std::string names;
  for (const auto [name, value] : outcome.headers())
    names.append(names.empty() ? "" : " ").append(name);
  check_value(vector, "names", names);
}

void check(const Vector& vector, bool is_response) {
  const Outcome whole = parse_whole(vector.input, is_response);
  ASSERT_EQ(vector.outcome(), status_name(whole.result.status)) << describe(whole);
  if (whole.result.status == HeadStatus::kDone) {
    check_done(vector, whole);
  } else if (whole.result.reason != nullptr) {
    EXPECT_EQ(vector.argument(), whole.result.reason);
  }
  const std::string wanted = describe(whole);
  EXPECT_EQ(wanted, describe(parse_bytewise(vector.input, is_response)));
  for (std::size_t cut = 0; cut <= vector.input.size(); ++cut) {
    ASSERT_EQ(wanted, describe(parse_cut(vector.input, cut, is_response))) << "cut at " << cut;
  }
}

class RequestHeadVectors : public testing::TestWithParam<Vector> {};
TEST_P(RequestHeadVectors, whole_bytewise_and_cut) {
  check(GetParam(), false);
}
INSTANTIATE_TEST_SUITE_P(H, RequestHeadVectors,
                         testing::ValuesIn(test::read_vectors("request_heads.md")), test::name_of);

class ResponseHeadVectors : public testing::TestWithParam<Vector> {};
TEST_P(ResponseHeadVectors, whole_bytewise_and_cut) {
  check(GetParam(), true);
}
INSTANTIATE_TEST_SUITE_P(H, ResponseHeadVectors,
                         testing::ValuesIn(test::read_vectors("response_heads.md")), test::name_of);

// RFC 9110 5.5: the bytes that a value may contain, at each of the eight positions that
// are checked at once.
TEST(RequestHead, every_byte_at_every_place_of_a_value) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    if (c == '\n') continue;  // ends the line
    const bool allowed = c == '\t' || (byte >= 0x20 && byte != 0x7F);
    for (std::size_t place = 1; place < 18; ++place) {
      std::string value(19, 'v');
      value[place] = c;
      const Outcome outcome = parse_whole("GET / HTTP/1.1\r\nHost: a\r\nX: " + value + "\r\n\r\n");
      EXPECT_EQ(allowed, outcome.result.status == HeadStatus::kDone) << byte << " at " << place;
      EXPECT_EQ(allowed ? value : "", outcome.request.headers.get("X"));
    }
  }
}

TEST(RequestHead, every_byte_in_a_name) {
  const std::string_view other_token_chars = "!#$%&'*+-.^_`|~";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    if (c == ':') continue;  // ends the name
    const bool is_alnum =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool allowed =
        is_alnum || (c != '\0' && other_token_chars.find(c) != std::string_view::npos);
    const std::string head = std::string("GET / HTTP/1.1\r\nHost: a\r\nX") + c + "y: v\r\n\r\n";
    EXPECT_EQ(allowed, parse_whole(head).result.status == HeadStatus::kDone) << byte;
  }
}

TEST(RequestHead, every_byte_in_the_target) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool allowed = byte > 0x20 && byte < 0x7F;
    const std::string head =
        std::string("GET /") + static_cast<char>(byte) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    EXPECT_EQ(allowed, parse_whole(head).result.status == HeadStatus::kDone) << byte;
  }
}

std::string head_of_size(std::size_t size) {
  const std::string begin = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  return begin + std::string(size - begin.size() - 4, 'x') + "\r\n\r\n";
}

// The limit counts the empty line.
TEST(RequestHead, size_limit) {
  EXPECT_EQ(HeadStatus::kDone, parse_whole(head_of_size(65536)).result.status);
  EXPECT_EQ(HeadStatus::kTooLarge, parse_whole(head_of_size(65537)).result.status);
  EXPECT_EQ(HeadStatus::kTooLarge, parse_bytewise(head_of_size(65537), false).result.status);
}

TEST(RequestHead, size_limit_is_reached_before_the_end_of_the_head) {
  EXPECT_EQ(HeadStatus::kNeedMore, parse_whole(std::string(65535, 'x')).result.status);
  EXPECT_EQ(HeadStatus::kTooLarge, parse_whole(std::string(65536, 'x')).result.status);
}

TEST(RequestHead, size_limit_can_be_set) {
  const HeadLimits limits{.max_size = 100};
  EXPECT_EQ(HeadStatus::kDone, parse_whole(head_of_size(100), false, limits).result.status);
  EXPECT_EQ(HeadStatus::kTooLarge, parse_whole(head_of_size(101), false, limits).result.status);
}

TEST(RequestHead, size_limit_does_not_count_what_follows) {
  const HeadLimits limits{.max_size = 100};
  const std::string data = head_of_size(100) + std::string(1000, 'x');
  EXPECT_EQ(HeadStatus::kDone, parse_whole(data, false, limits).result.status);
}

std::string head_with_fields(std::size_t fields) {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (std::size_t i = 1; i < fields; ++i) head += "X: y\r\n";
  return head + "\r\n";
}

TEST(RequestHead, field_limit_is_1000) {
  EXPECT_EQ(HeadStatus::kDone, parse_whole(head_with_fields(1000)).result.status);
  const Outcome outcome = parse_whole(head_with_fields(1001));
  EXPECT_EQ(HeadStatus::kTooLarge, outcome.result.status);
  EXPECT_STREQ("too many header fields", outcome.result.reason);
}

// 3000 lines pass where the limit is raised.
TEST(RequestHead, field_limit_can_be_set) {
  const HeadLimits limits{.max_fields = 3000};
  EXPECT_EQ(HeadStatus::kDone, parse_whole(head_with_fields(3000), false, limits).result.status);
  EXPECT_EQ(HeadStatus::kTooLarge,
            parse_whole(head_with_fields(3001), false, limits).result.status);
}

// The status, and the start line as it would be logged.
std::string status_of(std::string_view head, const HeadLimits& limits = {}) {
  httputil::RequestStartLine line;
  const int status = status_of_large_head(head, limits, line);
  return std::to_string(status) + "|" + line.method + "|" + line.path + "|" + line.version;
}

// RFC 6585 5
TEST(LargeHead, too_many_or_too_large_fields_are_a_431) {
  EXPECT_EQ(status_of(head_of_size(65537)), "431|GET|/|HTTP/1.1");
  EXPECT_EQ(status_of("\r\n" + head_of_size(65537)), "431|GET|/|HTTP/1.1");
  EXPECT_EQ(status_of(head_with_fields(1001)), "431|GET|/|HTTP/1.1");
  EXPECT_EQ(status_of("PUT http://h/a?b HTTP/1.0\nX: " + std::string(65536, 'x')),
            "431|PUT|/a?b|HTTP/1.0");
}

// RFC 9110 15.5.15
TEST(LargeHead, a_target_beyond_the_limit_is_a_414) {
  const std::string target = "/" + std::string(70'000, 'a');
  const std::string shown = target.substr(0, kShownTarget);
  EXPECT_EQ(status_of("GET " + target), "414|GET|" + shown + "|HTTP/1.1");
  EXPECT_EQ(status_of("GET " + target + " HTTP/1.0\r\n\r\n"), "414|GET|" + shown + "|HTTP/1.1");
  EXPECT_EQ(status_of("PUT /abcdef", {.max_size = 9}), "414|PUT|/abcd|HTTP/1.1");
  EXPECT_EQ(status_of("GET http://h" + target),
            "414|GET|" + target.substr(0, kShownTarget - 8) + "|HTTP/1.1");
}

TEST(LargeHead, what_begins_no_request_is_a_400) {
  const std::string long_text(70'000, 'a');
  for (const std::string& head :
       {long_text, long_text + " / HTTP/1.1\r\n", "G(T /" + long_text, "GET /\x80" + long_text,
        "GET " + long_text, "GET / " + long_text, "GET /\r\nX: " + long_text,
        "\r\n\r\nGET /" + long_text, std::string(70'000, '\n')}) {
    EXPECT_EQ(status_of(head), "400|||") << head.substr(0, 10);
  }
}

TEST(RequestHead, a_head_may_be_parsed_into_a_used_object) {
  RequestHead head;
  const std::string first =
      "POST /long/enough/for/the/heap HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: "
      "3\r\n\r\n";
  HeadScan scan;
  ASSERT_EQ(HeadStatus::kDone, parse_request_head(first, scan, {}, head).status);
  const std::string second = "POST / HTTP/1.1\r\nHost: a\r\n\r\n";
  scan = HeadScan();
  ASSERT_EQ(HeadStatus::kDone, parse_request_head(second, scan, {}, head).status);
  EXPECT_EQ("/", head.start_line.path);
  EXPECT_FALSE(head.content_length);
  EXPECT_EQ("Host: a\r\n", head.headers.wire());
}

// An operation count instead of a clock: the scan never goes back beyond the last line end.
TEST(RequestHead, byte_by_byte_arrival_is_linear) {
  const std::string data = head_of_size(30000).substr(0, 29990);
  HeadScan scan;
  RequestHead head;
  for (std::size_t size = 1; size <= data.size(); ++size) {
    parse_request_head(std::string_view(data).substr(0, size), scan, {}, head);
    ASSERT_GE(scan.position + 3, size);
  }
}

// CVE-2025-67725
TEST(RequestHead, repeated_fields_are_linear) {
  const HeadLimits limits{.max_size = 1 << 24, .max_fields = 1 << 24};
  const auto make = [](std::size_t count) { return head_with_fields(count); };
  const auto work = [&](const std::string& head) {
    const Outcome outcome = parse_whole(head, false, limits);
    ASSERT_EQ(HeadStatus::kDone, outcome.result.status);
    ASSERT_EQ(outcome.request.headers.size() * 2 - 3, outcome.request.headers["X"].size());
  };
  EXPECT_LT(test::growth(make, work, 2000), test::kLinearGrowth);
}

TEST(RequestHead, folded_lines_are_linear) {
  const HeadLimits limits{.max_size = 1 << 24};
  const auto make = [](std::size_t count) {
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n";
    for (std::size_t i = 0; i < count; ++i) head += " z\r\n";
    return head + "\r\n";
  };
  const auto work = [&](const std::string& head) {
    ASSERT_EQ(HeadStatus::kDone, parse_whole(head, false, limits).result.status);
  };
  EXPECT_LT(test::growth(make, work, 2000), test::kLinearGrowth);
}

TEST(RequestHead, connection_and_length_lists_are_linear) {
  const HeadLimits limits{.max_size = 1 << 24};
  const auto make = [](std::size_t count) {
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: ";
    for (std::size_t i = 0; i < count; ++i) head += ",";
    head += "\r\nContent-Length: 0";
    for (std::size_t i = 0; i < count; ++i) head += ",0";
    return head + "\r\n\r\n";
  };
  const auto work = [&](const std::string& head) {
    ASSERT_EQ(HeadStatus::kDone, parse_whole(head, false, limits).result.status);
  };
  EXPECT_LT(test::growth(make, work, 2000), test::kLinearGrowth);
}

}  // namespace
}  // namespace tornado::http
