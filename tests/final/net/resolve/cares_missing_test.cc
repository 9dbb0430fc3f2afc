// Tests what a library built without c-ares reports.
#include <gtest/gtest.h>
#include <tornado/caresresolver.h>

namespace tornado {
namespace {

// NET-11
TEST(CaresMissing, making_one_says_why_there_is_none) {
  try {
    caresresolver::CaresResolver resolver;
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "CaresResolver: this library was built without c-ares");
  }
}

}  // namespace
}  // namespace tornado
