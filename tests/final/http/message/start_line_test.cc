#include <gtest/gtest.h>
#include <tornado/gen.h>
#include <tornado/httputil.h>

namespace tornado::httputil {
namespace {

// HU-11
TEST(StartLine, parse_request_start_line) {
  const RequestStartLine line = parse_request_start_line("GET /foo?a=b HTTP/1.1");
  EXPECT_EQ("GET", line.method);
  EXPECT_EQ("/foo?a=b", line.path);
  EXPECT_EQ("HTTP/1.1", line.version);
}

// HU-11
TEST(StartLine, parse_request_start_line_refuses) {
  for (const char* line : {"", "GET", "GET /", "GET / HTTP/2.0", "GET / HTTP/1.1 ",
                           "GET /a b HTTP/1.1", "GET /\n HTTP/1.1", "G@T / HTTP/1.1"}) {
    EXPECT_THROW(parse_request_start_line(line), HTTPInputError) << line;
  }
}

// HU-11
TEST(StartLine, parse_response_start_line) {
  const ResponseStartLine line = parse_response_start_line("HTTP/1.0 404 Not Found");
  EXPECT_EQ("HTTP/1.0", line.version);
  EXPECT_EQ(404, line.code);
  EXPECT_EQ("Not Found", line.reason);
  EXPECT_THROW(parse_response_start_line("HTTP/1.1 4x4 No"), HTTPInputError);
  EXPECT_THROW(parse_response_start_line("ICY 200 OK"), HTTPInputError);
}

// As aggregates they would be destroyed twice here by g++ 12.2. The texts live on the heap so that
// AddressSanitizer would notice.
Future<std::string> joined(RequestStartLine line) {
  co_await gen::moment;
  co_return line.method + line.path + line.version;
}
Future<std::string> joined(ResponseStartLine line) {
  co_await gen::moment;
  co_return line.version + line.reason;
}

TEST(StartLine, may_be_made_in_a_statement_that_awaits) {
  ioloop::IOLoop loop;
  const std::string a(64, 'a');
  const std::string b(64, 'b');
  const auto run = [&]() -> Future<std::string> {
    const auto request = co_await joined(RequestStartLine(a, b));
    co_return request + co_await joined(ResponseStartLine(a, 200, b));
  };
  EXPECT_EQ(loop.run_sync(run), a + b + "HTTP/1.1" + a + b);
}

// HU-19
TEST(Responses, phrases) {
  EXPECT_EQ("Continue", responses(100));
  EXPECT_EQ("OK", responses(200));
  EXPECT_EQ("Not Found", responses(404));
  EXPECT_EQ("I'm a Teapot", responses(418));
  EXPECT_EQ("Network Authentication Required", responses(511));
}

// HU-19
TEST(Responses, unknown_codes) {
  for (const int code : {0, 99, 299, 306, 420, 512, 1000, -1}) {
    EXPECT_EQ("Unknown", responses(code)) << code;
  }
  EXPECT_EQ("mine", responses(599, "mine"));
}

}  // namespace
}  // namespace tornado::httputil
