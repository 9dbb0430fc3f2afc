#include <arpa/inet.h>
#include <tornado/ioloop.h>
#include <tornado/middleware.h>
#include <tornado/web.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace tornado::web {
namespace {

constexpr int kTooManyRequests = 429;

// The first 64 bits of an IPv6 address; any other text as it is, and so an IPv4 address that is
// written as IPv6.
std::string network_of(const std::string& text) {
  in6_addr address;
  if (::inet_pton(AF_INET6, text.c_str(), &address) != 1 || IN6_IS_ADDR_V4MAPPED(&address)) {
    return text;
  }
  return {reinterpret_cast<const char*>(&address), sizeof address / 2};
}

}  // namespace

RateLimit::RateLimit(Options options) : options_(std::move(options)) {
  if (!(options_.per_second > 0) || !(options_.burst >= 1) || options_.max_clients == 0) {
    throw std::invalid_argument(
        "RateLimit: per_second must be more than 0, burst and max_clients 1 or more");
  }
}

std::string RateLimit::key_of(const httputil::HTTPServerRequest& request) const {
  return options_.key ? options_.key(request) : network_of(request.remote_ip);
}

void RateLimit::refill(Client& client) const {
  const double now = ioloop::IOLoop::current().time();
  client.tokens =
      std::min(options_.burst, client.tokens + (now - client.time) * options_.per_second);
  client.time = now;
}

// Returns the client with this key, a new one if there is none, with its tokens counted.
RateLimit::Client& RateLimit::find(std::string key) {
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    clients_.splice(clients_.begin(), clients_, known->second);
  } else {
    if (clients_.size() == options_.max_clients) {
      by_key_.erase(clients_.back().key);
      clients_.pop_back();
    }
    clients_.push_front({std::move(key), options_.burst, ioloop::IOLoop::current().time()});
    by_key_.emplace(clients_.front().key, clients_.begin());
  }
  refill(clients_.front());
  return clients_.front();
}

void RateLimit::prepare(RequestHandler& handler) {
  Client& client = find(key_of(handler.request));
  if (client.tokens < 1) throw HTTPError(kTooManyRequests);
  client.tokens -= 1;
}

void RateLimit::transform_head(const httputil::HTTPServerRequest& request, int status_code,
                               httputil::HTTPHeaders& headers) {
  if (status_code != kTooManyRequests || headers.contains("Retry-After")) return;
  const auto known = by_key_.find(key_of(request));
  if (known == by_key_.end()) return;
  Client& client = *known->second;
  refill(client);
  // Clocks are inexact: a token that is all but there is there.
  const double seconds = std::ceil((1 - client.tokens) / options_.per_second - 1e-6);
  if (seconds > 0) headers.set("Retry-After", std::to_string(std::llround(seconds)));
}

}  // namespace tornado::web
