// Public header: CaresResolver, which queries DNS servers itself, on the loop and without threads.
// Mirrors tornado.platform.caresresolver. Optional: the library must be built with c-ares.
#pragma once

#include <tornado/netutil.h>

#include <memory>
#include <string>
#include <vector>

namespace tornado::caresresolver {

struct CaresOptions {
  CaresOptions() {}

  // DNS servers, "192.0.2.1", "192.0.2.1:5353" or "[2001:db8::1]:53". Empty: the system's.
  std::vector<std::string> servers;
  // The seconds to wait for a server's reply, and the number of rounds; each round waits twice as
  // long as the one before.
  core::Seconds timeout = 5;
  int tries = 3;
};

namespace detail {
class Channel;
}

// Reads /etc/hosts and queries DNS; it does not use the system's other sources (NSS). Belongs to
// the loop that is current when it is made: on any other loop, resolve() fails with
// std::logic_error. Destroy it on that loop's thread; pending queries then fail with ResolveError.
// (CaresResolver)
class CaresResolver final : public netutil::Resolver {
 public:
  // Throws std::invalid_argument for an invalid server, if timeout or tries are not positive, or if
  // the timeout is over 2,147,483 s; std::runtime_error if this library was built without c-ares.
  explicit CaresResolver(const CaresOptions& options = {});
  ~CaresResolver() override;

  // Cancelling the future drops the result; the query itself still runs to its end.
  Future<std::vector<netutil::Address>> resolve(
      std::string host, std::uint16_t port,
      netutil::Family family = netutil::Family::kUnspecified) override;

 private:
  std::unique_ptr<detail::Channel> channel_;
};

}  // namespace tornado::caresresolver
