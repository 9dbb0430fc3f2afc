#include "03-ioloop/periodic_callback.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <stdexcept>
#include <vector>

namespace mini {
namespace {

TEST(NextMultiple, is_in_the_future_and_in_step) {
  EXPECT_EQ(next_multiple(10, 5, 10), 15);
  EXPECT_EQ(next_multiple(10, 5, 12), 15);
  EXPECT_EQ(next_multiple(10, 5, 15), 20);
  EXPECT_EQ(next_multiple(10, 5, 27), 30);
  EXPECT_EQ(next_multiple(10, 5, 9), 15);  // called a little early: not twice for one moment
}

class Periodic : public testing::Test {
 protected:
  void run_for(double seconds) {
    loop_.call_later(seconds, [this] { loop_.stop(); });
    loop_.start();
  }
  Callback record() {
    return [this] { calls_.push_back(loop_.time() - start_); };
  }

  VirtualClock clock_;
  IOLoop loop_{clock_};
  const double start_ = loop_.time();
  std::vector<double> calls_;
};

TEST_F(Periodic, calls_first_after_one_period) {
  PeriodicCallback periodic(loop_, record(), 500);
  periodic.start();
  run_for(1.75);
  EXPECT_EQ(calls_, (std::vector<double>{0.5, 1, 1.5}));
}

TEST_F(Periodic, leaves_out_what_a_long_call_has_missed) {
  PeriodicCallback periodic(
      loop_,
      [this] {
        record()();
        if (calls_.size() == 1) clock_.skip(2.25);
      },
      1000);
  periodic.start();
  run_for(5.5);
  EXPECT_EQ(calls_, (std::vector<double>{1, 4, 5}));
}

TEST_F(Periodic, goes_on_after_a_call_that_throws) {
  testing::internal::CaptureStderr();
  PeriodicCallback periodic(
      loop_,
      [this] {
        record()();
        throw std::runtime_error("not now");
      },
      1000);
  periodic.start();
  run_for(2.5);
  EXPECT_EQ(calls_.size(), 2u);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "exception in a callback: not now\nexception in a callback: not now\n");
}

TEST_F(Periodic, may_be_stopped_and_started) {
  PeriodicCallback periodic(loop_, record(), 1000);
  EXPECT_FALSE(periodic.is_running());
  periodic.start();
  periodic.start();
  EXPECT_TRUE(periodic.is_running());
  run_for(1.5);
  periodic.stop();
  periodic.stop();
  run_for(1.5);
  periodic.start();
  run_for(1.5);
  EXPECT_EQ(calls_, (std::vector<double>{1, 4}));
}

TEST_F(Periodic, may_be_stopped_and_started_by_its_own_call) {
  std::unique_ptr<PeriodicCallback> periodic;
  periodic = std::make_unique<PeriodicCallback>(
      loop_,
      [&] {
        record()();
        periodic->stop();
        if (calls_.size() < 3) periodic->start();
      },
      1000);
  periodic->start();
  run_for(10);
  EXPECT_EQ(calls_, (std::vector<double>{1, 2, 3}));
}

TEST_F(Periodic, may_be_destroyed_by_its_own_call) {
  std::unique_ptr<PeriodicCallback> periodic;
  periodic = std::make_unique<PeriodicCallback>(
      loop_,
      [&periodic, call = record()] {
        periodic.reset();
        call();
      },
      1000);
  periodic->start();
  run_for(3.5);
  EXPECT_EQ(calls_, (std::vector<double>{1}));
}

TEST_F(Periodic, wants_a_period_that_is_positive) {
  for (const double wrong : {0.0, -1.0, std::nan("")}) {
    EXPECT_THROW(PeriodicCallback(loop_, [] {}, wrong), std::invalid_argument);
  }
}

}  // namespace
}  // namespace mini
