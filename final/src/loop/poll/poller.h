// Internal header: what a loop asks of the kernel.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace tornado::ioloop::detail {

// What happened on a descriptor. `tag` is what was given when it was added.
struct PollEvent {
  std::uint64_t tag;
  std::uint32_t events;
};

// Watches descriptors for the events of IOLoop::READ, WRITE and kHangup; level-triggered: an event
// is reported again until its cause is gone. ERROR is always watched. Failures of the kernel are
// std::system_error.
class Poller {
 public:
  // The peer has shut down its sending side (EPOLLRDHUP): tells a leaving client from one with more
  // to say, without reading.
  static constexpr std::uint32_t kHangup = 0x2000;

  Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  virtual ~Poller() = default;

  virtual std::string_view name() const noexcept = 0;
  virtual void add(int fd, std::uint32_t events, std::uint64_t tag) = 0;
  virtual void modify(int fd, std::uint32_t events, std::uint64_t tag) = 0;
  // Silent about a descriptor that is closed already.
  virtual void remove(int fd) noexcept = 0;

  // In a process forked after the poller was made: an epoll instance is one and the same in both,
  // and what the child takes off it the parent no longer hears of. Then remove() does nothing, and
  // the others throw std::runtime_error.
  bool is_forked() const noexcept;

  // Waits up to `timeout_ms` (negative: for ever) and fills `events`; answers how many. A signal
  // ends the wait with 0.
  virtual int wait(PollEvent* events, int capacity, int timeout_ms) = 0;

 protected:
  void refuse_if_forked() const;

 private:
  const unsigned generation_;
};

std::unique_ptr<Poller> make_epoll_poller();   // Linux
std::unique_ptr<Poller> make_kqueue_poller();  // the BSDs, macOS
std::unique_ptr<Poller> make_poll_poller();

// By name; empty: the best one here. Throws std::invalid_argument for a name that is not known.
std::unique_ptr<Poller> make_poller(std::string_view name);

}  // namespace tornado::ioloop::detail
