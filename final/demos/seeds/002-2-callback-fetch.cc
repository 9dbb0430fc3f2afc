// Text 002, 2: the same function, asynchronous with a callback: it returns at once, and calls
// `callback` with the body later.
#include <tornado/httpclient.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>

#include <cstdio>

#include "seeds.h"

using namespace tornado;

namespace {

template <class Callback>
void asynchronous_fetch(const std::string& url, Callback callback) {
  httpclient::AsyncHTTPClient http_client;
  const auto handle_response = [callback](const httpclient::HTTPResponse& response) {
    callback(response.body);
  };
  http_client.fetch(url, handle_response);
}

}  // namespace

void seeds::with_callback(int argc, char** argv) {
  options::parse_command_line(argc, argv);
  const OtherServer elsewhere;
  auto& loop = ioloop::IOLoop::current();
  asynchronous_fetch(elsewhere.url("/one"), [&loop](const std::string& body) {
    std::puts(body.c_str());
    loop.stop();
  });
  std::puts("asynchronous_fetch has returned");
  loop.start();
}
