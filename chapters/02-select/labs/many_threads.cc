// The thread server of chapter 01 without its limit: many_threads PORT. For the experiment that
// measures the cost of a crowd of idle clients.
#include <cstdint>
#include <cstdlib>

#include "01-blocking-server/servers.h"

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 8888;
  mini::ThreadServer server(
      mini::Socket::listen(static_cast<std::uint16_t>(port)),
      [](const mini::Request&) { return mini::Response{200, "Hello, world"}; }, 20'000);
  server.run();
}
