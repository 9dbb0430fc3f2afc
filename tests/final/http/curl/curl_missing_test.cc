// Without libcurl: the curl client's names exist, and using them fails with the reason.
#include <gtest/gtest.h>
#include <tornado/curl_httpclient.h>

namespace tornado::test {
namespace {

template <class F>
std::string refusal_of(F call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no refusal";
}

// HC-06
TEST(CurlMissing, configure_says_why) {
  using httpclient::AsyncHTTPClient;
  const std::string reason = "this tornado was built without libcurl: no curl client";
  EXPECT_EQ(refusal_of([] { AsyncHTTPClient::configure("curl"); }), reason);
  EXPECT_EQ(
      refusal_of([] { AsyncHTTPClient::configure("tornado.curl_httpclient.CurlAsyncHTTPClient"); }),
      reason);
  EXPECT_EQ(refusal_of([] { curl_httpclient::CurlAsyncHTTPClient::make({}); }), reason);
}

}  // namespace
}  // namespace tornado::test
