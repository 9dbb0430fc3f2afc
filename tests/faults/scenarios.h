// Internal header: what a sweep runs again and again, each time with another fault.
#pragma once

#include <tornado/ioloop.h>

#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "testing/authority.h"

namespace faults {

// A promise was broken: somebody else was not served, or a loop did not end.
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Time that passes when the loop would sleep. Where other threads or processes take part, the loop
// gives them a little real time for each step.
class FastClock final : public tornado::ioloop::Clock {
 public:
  explicit FastClock(bool waits_for_others) : waits_for_others_(waits_for_others) {}
  double time() override { return now_; }
  bool skip(double seconds) override;

 private:
  double now_ = 1000;
  bool waits_for_others_;
};

// What stays the same for all runs.
struct World {
  std::string poller;
  std::string folder;  // for files
  const tornado::testing::Authority* authority = nullptr;
  const tornado::testing::Identity* identity = nullptr;
};

struct Scenario {
  std::string_view name;
  // Runs on a loop of its own, which it closes. May throw any exception if a call has failed;
  // Broken is always a defect.
  void (*run)(const World& world);
};

std::span<const Scenario> scenarios();

// A scenario with a defect, and what the sweep has to say of it.
struct Planted {
  Scenario scenario;
  std::string_view noticed;
};

std::span<const Planted> planted();

}  // namespace faults
