// IOL-22 on a virtual clock.
#include <chrono>
#include <utility>

#include "loop_test_util.h"

namespace tornado {
namespace {

using ioloop::IOLoop;
using ioloop::PeriodicCallback;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class Periodic : public ::testing::Test, protected test::VirtualLoop {
 protected:
  void run_until(double when) {
    loop.call_at(when, [this] { loop.stop(); });
    loop.start();
  }
  std::vector<double> times;
};

// Python allows `PeriodicCallback(f, 1000).start()`, because the loop keeps the object.
template <class P>
concept StartsWithoutName = requires(P&& callback) { std::move(callback).start(); };
static_assert(!StartsWithoutName<PeriodicCallback>);

// IOL-22
TEST_F(Periodic, first_after_one_period_then_every_period) {
  PeriodicCallback often([this] { times.push_back(loop.time()); }, 10'000);
  EXPECT_FALSE(often.is_running());
  often.start();
  often.start();
  EXPECT_TRUE(often.is_running());
  run_until(1035);
  EXPECT_THAT(times, ElementsAre(1010, 1020, 1030));
  often.stop();
  often.stop();
  EXPECT_FALSE(often.is_running());
  run_until(1100);
  EXPECT_EQ(times.size(), 3U);
  often.start();
  run_until(1115);
  EXPECT_THAT(times, ElementsAre(1010, 1020, 1030, 1110));
}

// IOL-22
TEST_F(Periodic, a_duration_is_a_period_too) {
  PeriodicCallback often([this] { times.push_back(loop.time()); }, std::chrono::minutes(1));
  often.start();
  run_until(1121);
  EXPECT_THAT(times, ElementsAre(1060, 1120));
}

// IOL-22
TEST_F(Periodic, a_period_must_be_positive_and_jitter_a_share) {
  const auto nothing = [] {};
  EXPECT_THROW(PeriodicCallback(nothing, 0), std::invalid_argument);
  EXPECT_THAT([&] { PeriodicCallback(nothing, -1); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("not -1 ms")));
  EXPECT_THROW(PeriodicCallback(nothing, std::chrono::seconds(0)), std::invalid_argument);
  EXPECT_THROW(PeriodicCallback(nothing, 1, -0.1), std::invalid_argument);
  EXPECT_THAT([&] { PeriodicCallback(nothing, 1, 1.1); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("not 1.1")));
}

// IOL-22
TEST_F(Periodic, a_call_that_takes_too_long_skips_to_the_next_multiple) {
  const std::vector<double> durations{9, 9, 10, 11, 20, 20, 35, 35, 0, 0, 0};
  PeriodicCallback often(
      [&] {
        clock.advance(durations.at(times.size()));
        times.push_back(loop.time() - durations.at(times.size()));
      },
      10'000);
  often.start();
  run_until(1205);
  EXPECT_THAT(times, ElementsAre(1010, 1020, 1030, 1050, 1070, 1100, 1130, 1170));
}

// IOL-22
TEST_F(Periodic, jitter_spreads_each_period_by_half_of_it_to_either_side) {
  PeriodicCallback often([this] { times.push_back(loop.time()); }, 10'000, 0.5);
  often.start();
  run_until(11'000);
  bool varied = false;
  double last = 1000;
  for (const double time : times) {
    EXPECT_GE(time - last, 7.5 - 1e-6);
    EXPECT_LE(time - last, 12.5 + 1e-6);
    varied = varied || std::abs(time - last - 10) > 0.1;
    last = time;
  }
  EXPECT_TRUE(varied);
  EXPECT_GT(times.size(), 700U);
}

// IOL-22
TEST_F(Periodic, a_clock_that_goes_back_advances_by_one_period) {
  PeriodicCallback often(
      [this] {
        times.push_back(loop.time());
        if (times.size() == 2) clock.advance(-15);
      },
      10'000);
  often.start();
  run_until(1045);
  EXPECT_THAT(times, ElementsAre(1010, 1020, 1030, 1040));
}

// IOL-22
TEST_F(Periodic, coroutines_do_not_overlap) {
  int at_work = 0;
  PeriodicCallback often(
      [&]() -> Future<void> {
        EXPECT_EQ(++at_work, 1);
        times.push_back(loop.time());
        co_await gen::sleep(25);
        --at_work;
      },
      10'000);
  often.start();
  run_until(1075);
  EXPECT_THAT(times, ElementsAre(1010, 1040, 1070));
}

// IOL-22
TEST_F(Periodic, stop_and_start_during_a_call_do_not_double_the_rhythm) {
  PeriodicCallback often(
      [&]() -> Future<void> {
        times.push_back(loop.time());
        co_await gen::sleep(5);
      },
      10'000);
  often.start();
  loop.call_at(1012, [&] {
    often.stop();
    often.start();
  });
  run_until(1045);
  EXPECT_THAT(times, ElementsAre(1010, 1022, 1032, 1042));
}

// IOL-22
TEST_F(Periodic, errors_are_logged_and_the_rhythm_goes_on) {
  test::Logged logged;
  PeriodicCallback plain([] { throw std::runtime_error("plain"); }, 10'000);
  PeriodicCallback coroutine(
      []() -> Future<void> {
        co_await gen::sleep(1);
        throw std::runtime_error("coroutine");
      },
      10'000);
  plain.start();
  coroutine.start();
  run_until(1025);
  const std::string prefix = "tornado.application: Exception in callback: std::runtime_error: ";
  EXPECT_THAT(logged.lines(), ElementsAre(prefix + "plain", prefix + "coroutine", prefix + "plain",
                                          prefix + "coroutine"));
}

TEST_F(Periodic, a_callback_may_destroy_its_own_object) {
  std::unique_ptr<PeriodicCallback> often;
  auto token = std::make_shared<int>();
  often = std::make_unique<PeriodicCallback>(
      [&, token] {
        times.push_back(loop.time());
        often.reset();
      },
      10'000);
  often->start();
  run_until(1100);
  EXPECT_THAT(times, ElementsAre(1010));
  EXPECT_EQ(token.use_count(), 1);
}

TEST(PeriodicLife, it_may_outlive_its_loop_and_start_on_another) {
  int calls = 0;
  PeriodicCallback waiting([&] { ++calls; }, 1000);
  PeriodicCallback in_call([]() -> Future<void> { co_await gen::sleep(1e6); }, 1000);
  {
    test::VirtualLoop first;
    first.loop.make_current();
    waiting.start();
    in_call.start();
    first.loop.call_later(2.5, [&] { first.loop.stop(); });
    first.loop.start();
  }
  EXPECT_EQ(calls, 2);
  EXPECT_FALSE(waiting.is_running());
  EXPECT_FALSE(in_call.is_running());
  test::VirtualLoop second;
  second.loop.make_current();
  waiting.start();
  second.loop.call_later(2.5, [&] { second.loop.stop(); });
  second.loop.start();
  EXPECT_EQ(calls, 4);
}

}  // namespace
}  // namespace tornado
