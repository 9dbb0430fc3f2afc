// The load of client_bench.py on our simple client: `client_bench URL CONCURRENCY SECONDS [close]`
// fetches URL over and over, CONCURRENCY at a time, and prints how many responses came and in how
// many seconds. "close": a connection for each request.
#include <tornado/gen.h>
#include <tornado/httpclient.h>
#include <tornado/ioloop.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace tornado;

namespace {

Future<void> fetch_until(httpclient::AsyncHTTPClient client, std::string url, double end,
                         long& count) {
  auto& loop = ioloop::IOLoop::current();
  while (loop.time() < end) {
    const auto response = co_await client.fetch(url);
    if (response.body != "Hello, world") throw std::runtime_error("another body");
    ++count;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: client_bench URL CONCURRENCY SECONDS [close]\n", stderr);
    return 2;
  }
  const std::string url = argv[1];
  const auto concurrency = static_cast<std::size_t>(std::atol(argv[2]));
  httpclient::ClientOptions options;
  options.max_clients = concurrency;
  options.max_idle_connections = options.max_idle_connections_per_origin = concurrency;
  options.keep_alive = argc < 5 || std::string_view(argv[4]) != "close";
  auto& loop = ioloop::IOLoop::current();
  const httpclient::AsyncHTTPClient client(httpclient::force_instance, options);
  long count = 0;
  const double start = loop.time();
  const double end = start + std::atof(argv[3]);
  loop.run_sync([&]() -> Future<void> {
    std::vector<Future<void>> workers;
    for (std::size_t i = 0; i < concurrency; ++i) {
      workers.push_back(fetch_until(client, url, end, count));
    }
    co_await gen::multi(std::move(workers));
  });
  std::printf("%ld %.3f\n", count, loop.time() - start);
}
