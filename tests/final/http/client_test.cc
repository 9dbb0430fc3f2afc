// AsyncHTTPClient against servers of the same loop: requests, responses, errors.
#include <tornado/httpclient.h>
#include <tornado/httpserver.h>

#include "client_test_tools.h"

namespace tornado::test {
namespace {

using httpclient::AsyncHTTPClient;
using httpclient::HTTPClientError;
using httpclient::HTTPRequest;
using httpclient::HTTPResponse;

TEST_F(ClientTest, HC04_HC08_a_response_as_it_came) {
  reply({"HTTP/1.1 201 Made\r\nX-One: 1\r\nContent-Length: 5\r\n\r\nhello"});
  const HTTPResponse response = fetch(server->url("/a?b=c#d"));
  EXPECT_EQ(response.code, 201);
  EXPECT_EQ(response.reason, "Made");
  EXPECT_EQ(response.headers["x-one"], "1");
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(response.effective_url, server->url("/a?b=c#d"));
  EXPECT_EQ(response.request->url, server->url("/a?b=c#d"));
  EXPECT_EQ(response.error, nullptr);
  EXPECT_GE(response.request_time, 0);
}

}  // namespace
}  // namespace tornado::test
