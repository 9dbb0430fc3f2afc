#include "07-futures/http_client.h"

#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "04-iostream/iostream.h"
#include "05-http/text.h"

namespace mini {
namespace {

constexpr std::size_t kMaxHead = 64 * 1024;   // bytes
constexpr std::size_t kReadSize = 64 * 1024;  // bytes

// Parses "HTTP/1.1 200 OK" and the fields that follow. Returns false if this is not a response.
bool parse_response_head(std::string_view head, HTTPResponse& response) {
  const auto first = take_before(head, "\r\n");
  std::string_view line = first.value_or(head);
  const auto version = take_before(line, " ");
  if (!version || !version->starts_with("HTTP/1.")) return false;
  response.code = static_cast<int>(to_size(line.substr(0, 3), 10).value_or(0));
  if (response.code < 100 || response.code > 999) return false;
  return !first || response.headers.parse(head);
}

// [fetch]
// One request to one server. The callbacks of its stream and its timer own it.
class Fetch : public std::enable_shared_from_this<Fetch> {
 public:
  Fetch(IOLoop& loop, AsyncHTTPClient::Limits limits, AsyncHTTPClient::FetchCallback callback)
      : loop_(loop), limits_(limits), callback_(std::move(callback)) {}

  void start(const HTTPUrl& url);

 private:
  void on_head(std::string head);
  void read_body();
  void on_close();
  void fail(const std::string& error);
  void finish();

  IOLoop& loop_;
  AsyncHTTPClient::Limits limits_;
  AsyncHTTPClient::FetchCallback callback_;
  std::shared_ptr<IOStream> stream_;
  Timeout timeout_{};
  HTTPResponse response_;
  std::optional<std::size_t> length_;  // of the body; nullopt: it ends with the connection
  bool has_head_ = false;
};

// [start]
// Speaks HTTP/1.0: the body ends after its length or with the connection, and is never chunked.
void Fetch::start(const HTTPUrl& url) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.fd() < 0) {  // out of descriptors: report it like a server that is not there
    response_.error = std::generic_category().message(errno);
    return loop_.add_callback([self = shared_from_this()] { self->callback_(self->response_); });
  }
  stream_ = IOStream::create(loop_, std::move(socket), limits_.max_body + kMaxHead);
  stream_->connect(url.port, url.host == "localhost" ? "127.0.0.1" : url.host, nullptr);
  stream_->set_close_callback([self = shared_from_this()] { self->on_close(); });
  timeout_ =
      loop_.call_later(limits_.timeout, [self = shared_from_this()] { self->fail("timed out"); });
  stream_->write("GET " + url.target + " HTTP/1.0\r\nHost: " + url.host + ":" +
                 std::to_string(url.port) + "\r\n\r\n");
  stream_->read_until(
      "\r\n\r\n", [self = shared_from_this()](std::string head) { self->on_head(std::move(head)); },
      kMaxHead);
}
// [/start]

void Fetch::on_head(std::string head) {
  head.resize(head.size() - 4);
  if (!parse_response_head(head, response_)) return fail("the server does not speak HTTP");
  has_head_ = true;
  if (const auto length = response_.headers.get("Content-Length")) {
    length_ = to_size(*length, 10);
    if (!length_ || *length_ > limits_.max_body) return fail("the response is too long");
  }
  read_body();
}

void Fetch::read_body() {
  if (response_.body.size() > limits_.max_body) return fail("the response is too long");
  if (length_ && response_.body.size() >= *length_) {
    response_.body.resize(*length_);
    return finish();
  }
  const auto take = [self = shared_from_this()](std::string bytes) {
    self->response_.body += bytes;
    self->read_body();
  };
  stream_->read_bytes(kReadSize, take, true);
}
// [/fetch]

// [end]
void Fetch::on_close() {
  if (has_head_ && !length_ && !stream_->error()) return finish();
  if (stream_->error()) return fail(stream_->error().message());
  fail("the server closed the connection");
}

void Fetch::fail(const std::string& error) {
  response_ = {};
  response_.error = error;
  finish();
}

void Fetch::finish() {
  if (!callback_) return;  // the caller has been told already
  loop_.remove_timeout(timeout_);
  stream_->set_close_callback(nullptr);
  stream_->close();
  std::exchange(callback_, nullptr)(std::move(response_));
}
// [/end]

}  // namespace

// [parse_url]
HTTPUrl HTTPUrl::parse(const std::string& url) {
  HTTPUrl parts;
  std::string_view rest = url;
  const auto scheme = take_before(rest, "://");
  const std::size_t slash = rest.find_first_of("/?");
  std::string_view authority = rest.substr(0, slash);
  if (slash != rest.npos)
    parts.target = (rest[slash] == '?' ? "/" : "") + std::string(rest.substr(slash));
  const auto host = take_before(authority, ":");
  const auto port = host ? to_size(authority, 10) : 80;
  parts.host = host.value_or(authority);
  const bool good = scheme == "http" && !parts.host.empty() && port && *port > 0 && *port < 65536 &&
                    parts.target.find_first_of(" \r\n\t") == std::string::npos;
  if (!good) throw std::invalid_argument("not a URL to fetch: " + url);
  parts.port = static_cast<std::uint16_t>(*port);
  return parts;
}
// [/parse_url]

void AsyncHTTPClient::fetch(const std::string& url, FetchCallback callback) {
  const HTTPUrl parts = HTTPUrl::parse(url);
  std::make_shared<Fetch>(loop_, limits_, std::move(callback))->start(parts);
}

// [fetch_future]
Future<HTTPResponse> AsyncHTTPClient::fetch(const std::string& url) {
  const Future<HTTPResponse> future;
  fetch(url, [future, url](HTTPResponse response) {
    if (response.error.empty() && response.code < 400)
      return future.set_result(std::move(response));
    const std::string why =
        response.error.empty() ? "HTTP " + std::to_string(response.code) : response.error;
    future.set_exception(std::make_exception_ptr(std::runtime_error(url + ": " + why)));
  });
  return future;
}
// [/fetch_future]

}  // namespace mini
