// Text 002, 3: a future in the callback's place. The text's callback only sets the result: if the
// fetch fails, the callback throws, and my_future is never done. This version passes on both.
#include <tornado/httpclient.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>

#include <cstdio>

#include "seeds.h"

using namespace tornado;

namespace {

// [function]
Future<std::string> async_fetch_future(const std::string& url) {
  httpclient::AsyncHTTPClient http_client;
  Future<std::string> my_future;
  const auto fetch_future = http_client.fetch(url);
  fetch_future.add_done_callback([my_future](const Future<httpclient::HTTPResponse>& f) {
    if (f.exception()) {
      my_future.set_exception(f.exception());
    } else {
      my_future.set_result(f.result().body);
    }
  });
  return my_future;
}
// [/function]

}  // namespace

void seeds::with_future(int argc, char** argv) {
  options::parse_command_line(argc, argv);
  const OtherServer elsewhere;
  auto& loop = ioloop::IOLoop::current();
  std::puts(loop.run_sync([&] { return async_fetch_future(elsewhere.url("/one")); }).c_str());
  try {
    loop.run_sync([&] { return async_fetch_future(elsewhere.url("/missing")); });
  } catch (const httpclient::HTTPClientError& error) {
    std::puts(error.what());
  }
}
