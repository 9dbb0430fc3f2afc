// Internal header: what a loop asks of the kernel.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace tornado::ioloop::detail {

// What happened on a descriptor. `tag` is the value it was added with.
struct PollEvent {
  std::uint64_t tag;
  std::uint32_t events;
};

// Watches descriptors for the events IOLoop::READ, WRITE and kHangup. Level-triggered: an event is
// reported again until its cause is gone. ERROR is always watched. A failed system call throws
// std::system_error.
class Poller {
 public:
  // The peer has shut down its sending side (EPOLLRDHUP). Distinguishes, without reading, a client
  // that leaves from one that has more to send.
  static constexpr std::uint32_t kHangup = 0x2000;

  Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  virtual ~Poller() = default;

  virtual std::string_view name() const noexcept = 0;
  virtual void add(int fd, std::uint32_t events, std::uint64_t tag) = 0;
  virtual void modify(int fd, std::uint32_t events, std::uint64_t tag) = 0;
  // Does nothing if the descriptor is closed already.
  virtual void remove(int fd) noexcept = 0;

  // Returns true in a process forked after the poller was made. Parent and child share one epoll
  // instance, so a descriptor that the child removes is lost to the parent. Therefore remove() does
  // nothing in the child, and the other functions throw std::runtime_error.
  bool is_forked() const noexcept;

  // Waits up to `timeout_ms` (negative: for ever), fills `events`, and returns how many there are.
  // A signal ends the wait with 0.
  virtual int wait(PollEvent* events, int capacity, int timeout_ms) = 0;

 protected:
  void refuse_if_forked() const;

 private:
  const unsigned generation_;
};

std::unique_ptr<Poller> make_epoll_poller();   // Linux
std::unique_ptr<Poller> make_kqueue_poller();  // the BSDs, macOS
std::unique_ptr<Poller> make_poll_poller();

// Creates a poller by name; an empty name selects the best one here. Throws std::invalid_argument
// for an unknown name.
std::unique_ptr<Poller> make_poller(std::string_view name);

}  // namespace tornado::ioloop::detail
