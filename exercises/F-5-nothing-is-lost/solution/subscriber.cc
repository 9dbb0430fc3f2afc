#include "F-5-nothing-is-lost/subscriber.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <random>

using tornado::Future;
using tornado::concurrent::CancelledError;

namespace {

// Returns between half and all of `pause`, so that not all clients come back at the same moment.
double some_of(double pause) {
  thread_local std::mt19937_64 random{std::random_device{}()};
  return std::uniform_real_distribution<double>(pause / 2, pause)(random);
}

}  // namespace

Future<void> Subscriber::run() {
  double pause = kFirstPause;
  while (true) {
    std::optional<Messages> news;
    try {
      const Future<Messages> asked = ask_(position_);
      news = co_await asked;
    } catch (const CancelledError&) {
      throw;  // our own end, and no failure of a server
    } catch (const std::exception&) {
    }
    if (!news) {
      const Future<void> slept = sleep_(some_of(pause));
      pause = std::min(2 * pause, kLongestPause);
      co_await slept;
      continue;
    }
    pause = kFirstPause;
    for (const Message& message : *news) {
      const Future<void> shown = show_(message);
      co_await shown;
      position_ = message.cursor;  // only now: what was not shown is asked for again
    }
  }
}
