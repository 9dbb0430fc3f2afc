#include <tornado/options.h>
#include <tornado/testing.h>

#include <cstdio>

namespace tornado::testing {

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);  // removes its own options
  std::string filter;
  for (const std::string& name : options::parse_command_line(argc, argv)) {
    if (!filter.empty()) filter += ':';
    filter += name.find('.') == std::string::npos ? name + ".*" : name;
  }
  if (!filter.empty()) ::testing::GTEST_FLAG(filter) = filter;
  const int result = RUN_ALL_TESTS();
  if (!filter.empty() && ::testing::UnitTest::GetInstance()->test_to_run_count() == 0) {
    std::fprintf(stderr, "error: there is no test named %s\n", filter.c_str());
    return 1;
  }
  return result;
}

}  // namespace tornado::testing
