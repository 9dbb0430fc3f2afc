// Sends requests to other servers without blocking (Tornado: tornado.httpclient.AsyncHTTPClient).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "03-ioloop/ioloop.h"
#include "05-http/headers.h"
#include "07-futures/future.h"

namespace mini {

// [response]
struct HTTPResponse {
  int code = 0;  // 0: there was no response, and `error` says why
  HTTPHeaders headers;
  std::string body;
  std::string error;
};
// [/response]

// [url]
// The parts of "http://host:port/path?query". parse() throws std::invalid_argument for anything
// else.
struct HTTPUrl {
  static HTTPUrl parse(const std::string& url);
  std::string host;
  std::uint16_t port = 80;
  std::string target = "/";
};
// [/url]

// [client]
class AsyncHTTPClient {
 public:
  using FetchCallback = std::function<void(HTTPResponse)>;

  struct Limits {
    double timeout = 20;                       // seconds, for the whole exchange
    std::size_t max_body = 100 * 1024 * 1024;  // bytes
  };

  explicit AsyncHTTPClient(IOLoop& loop) : AsyncHTTPClient(loop, Limits()) {}
  AsyncHTTPClient(IOLoop& loop, Limits limits) : loop_(loop), limits_(limits) {}

  // Sends a GET request for `url`, which must begin with "http://" and name an IPv4 address or
  // "localhost". Calls `callback` exactly once, from the loop, whatever happens; running out of
  // descriptors is an error like any other. Throws std::invalid_argument for any other URL. The
  // client may be destroyed before the callback is called.
  void fetch(const std::string& url, FetchCallback callback);

  // Does the same and returns a future. It fails with std::runtime_error if there is no response,
  // or if the response is an error (code 400 and above).
  Future<HTTPResponse> fetch(const std::string& url);

 private:
  IOLoop& loop_;
  Limits limits_;
};
// [/client]

}  // namespace mini
