// Internal header: a network of one process and one thread, in which a seed decides what happens.
//
// A connection is two pairs of Unix sockets, with a Wire between them that carries the bytes both
// ways: late, in pieces, after a stall, or until it is cut. All waiting is done by timers of the
// loop, whose clock is virtual. So the same seed always gives the same course of events.
#pragma once

#include <tornado/ioloop.h>

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

namespace simulation {

// Moves when the loop has nothing to do.
class Clock final : public tornado::ioloop::Clock {
 public:
  double time() override { return now_; }
  bool skip(double seconds) override {
    now_ += seconds;
    return true;
  }

 private:
  double now_ = 1000;
};

// SplitMix64: the same numbers on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  // Returns a number below `limit`.
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  bool chance(unsigned percent) { return below(100) < percent; }
  double seconds(double most) { return most * static_cast<double>(below(1'000'000)) * 1e-6; }

 private:
  std::uint64_t state_;
};

// A fingerprint of all that has happened.
class Trace {
 public:
  Trace(const tornado::ioloop::IOLoop& loop, std::function<void()> check)
      : loop_(loop), check_(std::move(check)) {}
  // Notes an event, and checks the invariants.
  void note(std::uint64_t who, std::uint64_t what, std::uint64_t size);
  std::uint64_t hash() const noexcept { return hash_; }
  std::uint64_t events() const noexcept { return events_; }

 private:
  void mix(std::uint64_t value);

  const tornado::ioloop::IOLoop& loop_;
  std::function<void()> check_;
  std::uint64_t hash_ = 0xcbf29ce484222325;
  std::uint64_t events_ = 0;
};

// How a wire delays, splits and cuts its stream of bytes.
struct Weather {
  double delay = 0;       // at most, of each piece
  std::size_t piece = 1;  // at most, in bytes
  unsigned stall = 0;     // percent of the pieces that wait for up to `stall_seconds`
  double stall_seconds = 0;
  double cut_after = -1;  // seconds; negative: never
};

class Wire {
 public:
  // Takes ownership of the two descriptors, which must be non-blocking.
  Wire(tornado::ioloop::IOLoop& loop, Random random, Trace& trace, std::uint64_t number,
       std::array<int, 2> ends, const Weather& weather);
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire() { cut(); }

  // Closes both ends at once. Bytes in transit are lost.
  void cut();
  bool is_cut() const noexcept { return is_cut_; }

 private:
  struct Piece {
    double due;
    std::string bytes;  // empty: the sender has ended its side
  };
  struct Direction {
    std::deque<Piece> pieces;
    std::size_t held = 0;
    double last_due = 0;
    tornado::ioloop::Timeout timer;
    bool reading = true;
    bool ended = false;
  };

  void on_event(std::size_t from);
  void take(std::size_t from);
  void deliver(std::size_t from);
  void arm(std::size_t from, double when);
  void watch(std::size_t from, bool reading);

  tornado::ioloop::IOLoop& loop_;
  Random random_;
  Trace& trace_;
  const std::uint64_t number_;
  std::array<int, 2> ends_;
  const Weather weather_;
  std::array<Direction, 2> directions_;  // by the end that sends
  tornado::ioloop::Timeout cut_timer_;
  bool is_cut_ = false;
};

// Returns a connected pair of non-blocking Unix sockets. Throws std::system_error.
std::array<int, 2> socket_pair();
// Returns a non-blocking socket that is connected to the Unix socket `path`.
int connect_unix(const std::string& path);

}  // namespace simulation
