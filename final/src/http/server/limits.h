// Internal header. What a server counts to keep within its limits.
#pragma once

#include <tornado/core/run_queue.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <unordered_map>

namespace tornado::http {

// Connections by the address of their peer.
class AddressCounts {
 public:
  using Key = std::uint64_t;
  static constexpr Key kUncounted = 0;

  // `limit` 0: nothing is counted.
  explicit AddressCounts(std::size_t limit) : limit_(limit) {}

  // IPv6 addresses of one network of 64 bits have the same: one customer has them all. kUncounted
  // for "0.0.0.0", as which a local peer appears.
  Key key(const std::string& ip) const;
  bool full(Key key) const;
  void add(Key key);
  void remove(Key key);

 private:
  const std::size_t limit_;
  std::unordered_map<Key, std::size_t> counts_;
};

// Bytes of request bodies in memory. Shared by a server and its exchanges: a program may keep these
// for longer than the server lives.
struct BufferedBodies {
  explicit BufferedBodies(std::uint64_t most) : limit(most) {}

  const std::uint64_t limit;
  std::uint64_t total = 0;
  core::ListHook unfinished;  // exchanges whose bodies are still read, oldest first
};

// There is no room for more of a body.
class Overloaded : public std::runtime_error {
 public:
  Overloaded() : std::runtime_error("too many bytes of bodies wait in memory") {}
};

}  // namespace tornado::http
