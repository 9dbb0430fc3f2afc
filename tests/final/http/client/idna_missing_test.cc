// International host names in a library built without libidn2.
#include "client_test_tools.h"

namespace tornado::test {
namespace {

TEST_F(ClientTest, an_international_host_is_refused_with_the_reason) {
  try {
    fetch("http://bücher.example/");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(),
                 "invalid international host in URL (this library was built without libidn2): "
                 "http://bücher.example/");
  }
}

}  // namespace
}  // namespace tornado::test
