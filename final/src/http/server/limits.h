// Internal header. The counters by which a server keeps within its limits.
#pragma once

#include <tornado/core/run_queue.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <unordered_map>

namespace tornado::http {

// Counts connections by the address of their peer.
class AddressCounts {
 public:
  using Key = std::uint64_t;
  static constexpr Key kUncounted = 0;

  // A `limit` of 0 counts nothing.
  explicit AddressCounts(std::size_t limit) : limit_(limit) {}

  // Returns the same number for all IPv6 addresses of one 64-bit network, because one customer has
  // them all. Returns kUncounted for "0.0.0.0", the address that a local peer appears to have.
  Key key(const std::string& ip) const;
  bool full(Key key) const;
  void add(Key key);
  void remove(Key key);

 private:
  const std::size_t limit_;
  std::unordered_map<Key, std::size_t> counts_;
};

// Counts the bytes of request bodies in memory. Shared by a server and its exchanges, which the
// program may keep longer than the server lives.
struct BufferedBodies {
  explicit BufferedBodies(std::uint64_t most) : limit(most) {}

  const std::uint64_t limit;
  std::uint64_t total = 0;
  core::ListHook unfinished;  // exchanges whose bodies are still being read, oldest first
};

// Thrown when a body exceeds its max_body_size.
class BodyTooLarge : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Thrown when there is not enough room for more of a body.
class Overloaded : public std::runtime_error {
 public:
  Overloaded() : std::runtime_error("too many bytes of bodies wait in memory") {}
};

}  // namespace tornado::http
