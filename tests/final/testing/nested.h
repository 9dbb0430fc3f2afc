// Internal header: a test inside a test, to see what it reports.
#pragma once

#include <gtest/gtest-spi.h>
#include <tornado/gen.h>
#include <tornado/testing.h>

#include <string>
#include <vector>

namespace tornado::testing {

// Records what GoogleTest would have been told.
class Reported {
 public:
  std::vector<std::string> messages() const {
    std::vector<std::string> all;
    for (int i = 0; i < results_.size(); ++i) {
      all.emplace_back(results_.GetTestPartResult(i).message());
    }
    return all;
  }
  std::string text() const {
    std::string all;
    for (const std::string& message : messages()) all += message + "\n";
    return all;
  }

 private:
  ::testing::TestPartResultArray results_;
  ::testing::ScopedFakeTestPartResultReporter reporter_{
      ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ALL_THREADS, &results_};
};

// A fixture that can be used from outside, as GoogleTest does.
template <class Fixture>
struct Nested : Fixture {
  using Fixture::advance;
  using Fixture::expect_leftovers;
  using Fixture::Fixture;
  using Fixture::gen_test;
  using Fixture::io_loop;
  using Fixture::SetUp;
  using Fixture::stop;
  using Fixture::TearDown;
  using Fixture::wait;
  void TestBody() override {}
};

// Runs `body(fixture)` as the body of a test, and returns what was reported.
template <class Fixture, class Body, class... Args>
std::string report_of(Body body, const Args&... args) {
  const Reported reported;
  {
    Nested<Fixture> fixture(args...);
    fixture.SetUp();
    body(fixture);
    fixture.TearDown();
  }
  return reported.text();
}

}  // namespace tornado::testing
