// Asks other servers without waiting for them (Tornado: tornado.httpclient.AsyncHTTPClient).
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
  int code = 0;  // 0: there was no answer, and `error` says why
  HTTPHeaders headers;
  std::string body;
  std::string error;
};
// [/response]

// [url]
// The parts of "http://host:port/path?query". Throws std::invalid_argument for anything else.
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
    double timeout = 20;                       // seconds, for all of it
    std::size_t max_body = 100 * 1024 * 1024;  // bytes
  };

  explicit AsyncHTTPClient(IOLoop& loop) : AsyncHTTPClient(loop, Limits()) {}
  AsyncHTTPClient(IOLoop& loop, Limits limits) : loop_(loop), limits_(limits) {}

  // GETs `url`: "http://", and a host that is an IPv4 address or "localhost". Calls `callback`
  // once, from the loop, whatever happens: a process without a free descriptor is an error like
  // any other. Throws std::invalid_argument for another URL. The client may be gone by then.
  void fetch(const std::string& url, FetchCallback callback);

  // The same as a future: it fails with std::runtime_error when there was no answer, or an error
  // (code 400 and above).
  Future<HTTPResponse> fetch(const std::string& url);

 private:
  IOLoop& loop_;
  Limits limits_;
};
// [/client]

}  // namespace mini
