// Internal header: one fixture for both implementations of AsyncHTTPClient.
#pragma once

#ifdef WITH_CURL
#include <tornado/curl_httpclient.h>
#endif

#include <exception>
#include <string>
#include <string_view>

#include "client_test_tools.h"

namespace tornado::test {

// Its parameter is the implementation's name.
class EachClientTest : public ClientTest, public ::testing::WithParamInterface<const char*> {
 protected:
  EachClientTest() {
    httpclient::AsyncHTTPClient::configure(GetParam());
    if (is_curl()) options.resolver = nullptr;
  }
  ~EachClientTest() override { httpclient::AsyncHTTPClient::configure(nullptr); }

  bool is_curl() const { return std::string_view(GetParam()) == "curl"; }
};

// For INSTANTIATE_TEST_SUITE_P: the implementations in this program, and the name of a test with
// one.
inline auto implementations() {
#ifdef WITH_CURL
  return ::testing::Values("simple", "curl");
#else
  return ::testing::Values("simple");
#endif
}
inline std::string implementation_name(const ::testing::TestParamInfo<const char*>& tested) {
  return tested.param;
}

// Returns the error that `call` fails with, as text; else "no error".
template <class F>
std::string error_of(F call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace tornado::test
