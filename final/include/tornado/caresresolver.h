// Public header: CaresResolver, which asks DNS servers itself, on the loop and without threads.
// Mirrors tornado.platform.caresresolver. Optional: needs a library that was built with c-ares.
#pragma once

#include <tornado/netutil.h>

#include <memory>
#include <string>
#include <vector>

namespace tornado::caresresolver {

struct CaresOptions {
  CaresOptions() {}

  // DNS servers, "192.0.2.1", "192.0.2.1:5353" or "[2001:db8::1]:53"; none: the system's.
  std::vector<std::string> servers;
  // Seconds that a server has for an answer, and how often each is asked; every round waits twice
  // as long as the one before.
  double timeout = 5;
  int tries = 3;
};

namespace detail {
class Channel;
}

// Reads /etc/hosts and asks DNS; what else the system may know (NSS) it does not. Belongs to the
// loop that is current when it is made: any other loop's resolve() fails with std::logic_error. To
// be destroyed on that loop's thread; what is under way fails with ResolveError then.
// (CaresResolver)
class CaresResolver final : public netutil::Resolver {
 public:
  // Throws std::invalid_argument for servers that are none, a timeout or tries that are not
  // positive; std::runtime_error if this library was built without c-ares.
  explicit CaresResolver(const CaresOptions& options = {});
  ~CaresResolver() override;

  // Cancelling the future gives up the result; what was asked is still answered.
  Future<std::vector<netutil::Address>> resolve(
      std::string host, std::uint16_t port,
      netutil::Family family = netutil::Family::kUnspecified) override;

 private:
  std::unique_ptr<detail::Channel> channel_;
};

}  // namespace tornado::caresresolver
