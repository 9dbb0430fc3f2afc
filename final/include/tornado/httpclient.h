// Public header: HTTP clients, AsyncHTTPClient and the blocking HTTPClient. Mirrors
// tornado.httpclient and tornado.simple_httpclient.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/function.h>
#include <tornado/core/maybe_coroutine.h>
#include <tornado/core/pointers.h>
#include <tornado/httputil.h>
#include <tornado/netutil.h>
#include <tornado/ssl.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tornado::httpclient {

struct HTTPResponse;

// ---------------------------------------------------------------------------------------------------------------
// Errors

// A fetch did not end in a response that means success. (HTTPClientError, HTTPError)
class HTTPClientError : public std::runtime_error {
 public:
  // `message` empty: the usual reason of `code`. what() is "HTTP 404: Not Found".
  explicit HTTPClientError(int error_code, std::string error_message = {},
                           std::shared_ptr<const HTTPResponse> error_response = nullptr,
                           std::exception_ptr error_cause = nullptr);

  int code;  // the response's status; 599 if there is no response
  std::string message;
  std::shared_ptr<const HTTPResponse> response;  // null if there is none
  // What made the transfer fail: a std::system_error, a netutil::ResolveError, an HTTPInputError of
  // the peer; null if nothing of that kind did.
  std::exception_ptr cause;

 protected:
  // For those whose what() is the message alone.
  struct OwnText {};
  HTTPClientError(OwnText, std::string error_message, std::exception_ptr error_cause);
};
using HTTPError = HTTPClientError;

// What a fetch was doing when its time was up.
enum class TimeoutPhase : std::uint8_t {
  kQueue,    // it waited for other fetches of its client: "Timeout in request queue"
  kConnect,  // "Timeout while connecting": the name's resolution and the TLS handshake included
  kRequest,  // "Timeout during request"
};

// Code 599; what() is the message. (simple_httpclient.HTTPTimeoutError)
class HTTPTimeoutError : public HTTPClientError {
 public:
  explicit HTTPTimeoutError(TimeoutPhase timeout_phase);

  TimeoutPhase phase;
};

// The connection could not be made, or ended before the response did. Code 599; what() is the
// message. (simple_httpclient.HTTPStreamClosedError)
class HTTPStreamClosedError : public HTTPClientError {
 public:
  explicit HTTPStreamClosedError(std::string error_message,
                                 std::exception_ptr error_cause = nullptr);
};

// ---------------------------------------------------------------------------------------------------------------
// Requests

namespace detail {

template <class... Args>
using MaybeCoroutine = core::MaybeCoroutine<Args...>;

// Where a body producer's bytes go.
class BodySink : public core::Counted {
 public:
  virtual Future<void> write(std::string chunk) = 0;
};

}  // namespace detail

// What a body producer is given to write with. Copies write to the same request.
class BodyWriter {
 public:
  explicit BodyWriter(core::Ref<detail::BodySink> sink) : sink_(std::move(sink)) {}

  // Sends a piece of the body. Awaiting the future is the back-pressure: it is done when little
  // waits to leave (64 KiB). Fails with iostream::StreamClosedError once the fetch is over, and
  // with httputil::HTTPOutputError if the body gets longer than its Content-Length.
  Future<void> operator()(std::string chunk) const { return sink_->write(std::move(chunk)); }

 private:
  core::Ref<detail::BodySink> sink_;
};

// What to fetch, and how. A field that is not set takes its value from the client's defaults (see
// ClientOptions), else the one named here. (HTTPRequest)
struct HTTPRequest {
  HTTPRequest();
  explicit HTTPRequest(std::string request_url, std::string request_method = "GET");

  // http or https. Credentials in it ("http://user:password@host/") mean basic authentication; a
  // fragment is not sent; bytes from 0x80 on go percent-encoded, those of a host by IDNA (libidn2).
  std::string url;
  std::string method = "GET";
  httputil::HTTPHeaders headers;
  // POST, PUT and PATCH need a body or a body_producer, the other methods must have none, unless
  // allow_nonstandard_methods.
  std::optional<std::string> body;
  // Called with a BodyWriter when the body is wanted; usually a coroutine. Unless `headers` has a
  // Content-Length, the body is sent chunked. Such a request is sent once: it cannot be repeated
  // for a redirect that keeps the body.
  detail::MaybeCoroutine<BodyWriter> body_producer;

  std::optional<std::string> auth_username;  // wins over the url's
  std::optional<std::string> auth_password;
  std::optional<std::string> auth_mode;  // "basic", the default; curl_httpclient knows "digest"

  // Seconds; 0: no limit. (20 each)
  std::optional<double> connect_timeout;  // from the start until connected, TLS included
  std::optional<double> request_timeout;  // from the start to the end, redirects included

  // Seconds since 1970, sent as If-Modified-Since.
  std::optional<std::int64_t> if_modified_since;
  std::optional<bool> follow_redirects;           // (true)
  std::optional<int> max_redirects;               // (5)
  std::optional<std::string> user_agent;          // ("Tornado/" and this library's version)
  std::optional<bool> decompress_response;        // ask for gzip and decode it (true)
  std::optional<bool> allow_nonstandard_methods;  // (false)
  std::optional<bool> expect_100_continue;  // hold the body until the server asks for it (false)

  std::optional<std::string> network_interface;  // an address of this machine to connect from
  std::optional<bool> allow_ipv6;                // (true)

  // HTTPS: the certificate and the host's name are checked, unless validate_cert is false. What
  // ssl_options says is used instead of the four fields before it; keep one context for many
  // requests.
  std::optional<bool> validate_cert;       // (true)
  std::optional<std::string> ca_certs;     // file of trusted certificates, PEM; (the system's)
  std::optional<std::string> client_cert;  // file of our certificate, PEM
  std::optional<std::string> client_key;   // file of its key; may be the same file
  std::optional<ssl::SSLContext> ssl_options;

  // Gets the body piece by piece, as it comes; the response's body is then empty. May be a
  // coroutine: nothing more is read from the connection until it has ended. Pieces of a redirect
  // that is followed are dropped. What it throws ends the fetch.
  detail::MaybeCoroutine<std::string> streaming_callback;
  // Gets the start line, each header line, and the empty line, all with their CRLF, before the
  // body. What it throws ends the fetch.
  core::Function<void(std::string)> header_callback;

  // For curl_httpclient; the simple client answers a request with a proxy_host with
  // std::invalid_argument.
  std::optional<std::string> proxy_host;
  std::optional<int> proxy_port;
  std::optional<std::string> proxy_username;
  std::optional<std::string> proxy_password;
  std::optional<std::string> proxy_auth_mode;  // "basic" or "digest" ("basic")
  // Called with libcurl's easy handle (CURL*) before the transfer.
  core::Function<void(void*)> prepare_curl_callback;
};

// ---------------------------------------------------------------------------------------------------------------
// Responses

// Seconds from the start of the request to each moment; 0 where it did not happen or was not
// measured. The names are libcurl's.
struct TimeInfo {
  double queue = 0;  // before the start, waiting for other fetches
  double namelookup = 0;
  double connect = 0;     // 0 also for a connection that was open already
  double appconnect = 0;  // the TLS handshake
  double pretransfer = 0;
  double starttransfer = 0;  // the first byte of the response
  double total = 0;
  double redirect = 0;
};

// What came back. A value: nothing in it points into the client. (HTTPResponse)
struct HTTPResponse {
  HTTPResponse();
  // A response with `code`, as a stub in a test may give it.
  explicit HTTPResponse(std::shared_ptr<const HTTPRequest> response_request,
                        int response_code = 200);

  std::shared_ptr<const HTTPRequest> request;  // as it was fetched, redirects not counted
  int code = 599;                              // 599: there was no response
  std::string reason;
  httputil::HTTPHeaders headers;
  std::string effective_url;  // the last one, after redirects
  std::string body;           // decoded; empty if there was a streaming_callback
  // Null for a 2xx; else an HTTPClientError with the code, or why there was no response. An
  // HTTPClientError in here has no `response`: it would be this one.
  std::exception_ptr error;
  double start_time = 0;    // seconds since the epoch
  double request_time = 0;  // seconds from then to the last byte; queueing not counted
  TimeInfo time_info;

  // Throws `error` if there is one. (rethrow)
  void rethrow() const;
};

// ---------------------------------------------------------------------------------------------------------------
// Clients

// How a client works. Sizes are bytes, times are seconds.
struct ClientOptions {
  ClientOptions();

  // Fetches that run at the same time; more wait, first come first, each no longer than the shorter
  // of its connect_timeout and its request_timeout, which begin anew afterwards.
  std::size_t max_clients = 10;
  std::size_t max_buffer_size = 104'857'600;  // of one connection
  std::size_t max_header_size = 65'536;       // of a response's head, or of all 1xx heads before it
  // Of a response's body, as sent and, if it is compressed, as decoded. (max_buffer_size)
  std::optional<std::uint64_t> max_body_size;
  // Other hosts to connect to: staging under the public name, say. (hostname_mapping)
  std::vector<netutil::OverrideResolver::Entry> hostname_mapping;
  // Null: netutil::Resolver::default_resolver().
  std::shared_ptr<netutil::Resolver> resolver;

  // Connections are kept for the next request to the same place. Off: each request opens its own
  // and says "Connection: close", as Tornado's client does.
  bool keep_alive = true;
  std::size_t max_idle_connections = 100;             // in all; the oldest goes
  std::size_t max_idle_connections_per_origin = 100;  // of one scheme, host and port
  double idle_timeout = 60;                           // a connection not used for so long is closed

  // What a request does not set is taken from here: `options.defaults.request_timeout = 5`. Its
  // headers are added where the request has none of that name; url, method and body do not count.
  HTTPRequest defaults;
};

// One fetch, as an implementation gets it.
struct Fetch {
  std::shared_ptr<const HTTPRequest> request;  // the defaults are filled in
  bool raise_error = true;
  Future<HTTPResponse> result;

  // Completes `result` as raise_error says; nothing if it is done, that is, was cancelled.
  // `response.error` is set here if the code is not one of success and it is empty.
  void finish(HTTPResponse response) const;
  // There is no response, because of `error`. With raise_error off a status is no exception, but
  // this still is.
  void fail(std::exception_ptr error) const;
};

// What an AsyncHTTPClient is made of: one for each loop and, with force_instance, for each client.
// Derive from it to replace the network (a test's stub, another library). All calls come from the
// loop.
class Implementation {
 public:
  virtual ~Implementation() = default;

  // Starts a fetch, and ends it some time with finish() or fail(). `fetch.result.on_cancel()` tells
  // when nobody waits any more. What it throws becomes the fetch's error. (fetch_impl)
  virtual void fetch_impl(Fetch fetch) = 0;
  // No fetch will follow. Those that run are to be ended. (close)
  virtual void close() {}
};

using ImplementationFactory = core::Function<std::unique_ptr<Implementation>(const ClientOptions&)>;

struct ForceInstance {};
inline constexpr ForceInstance force_instance;

// Fetches without blocking: all fetches of a loop run side by side. (AsyncHTTPClient)
//
// It is a handle: copies mean the same client. A fetch goes on to its end when the handle goes.
// Belongs to the loop that was current when it was made.
class AsyncHTTPClient {
 public:
  // The loop's own client, made at the first use as configure() says, and closed with the loop.
  AsyncHTTPClient();
  // A client apart, with connections and limits of its own.
  explicit AsyncHTTPClient(ForceInstance);
  AsyncHTTPClient(ForceInstance, const ClientOptions& options);

  // Fetches, and gives the response. Fails with HTTPClientError if the code is not one of
  // success (2xx), with raise_error off only if there is no response; see HTTPTimeoutError and
  // HTTPStreamClosedError. A request that cannot be sent as it is (not http, a line end in its
  // method, a body where none may be) fails with std::invalid_argument. Never throws itself.
  //
  // Cancelling the future ends the transfer: its connection is closed, or its place in the queue
  // given up.
  Future<HTTPResponse> fetch(HTTPRequest request, bool raise_error = true) const;
  Future<HTTPResponse> fetch(std::string url, bool raise_error = true) const {
    return fetch(HTTPRequest(std::move(url)), raise_error);
  }
  // The form of Tornado 4: `callback` gets the response, on the loop, whatever came of it: look at
  // its `error`. It may be a coroutine.
  template <class F>
    requires std::is_invocable_v<F&, HTTPResponse>
  void fetch(HTTPRequest request, F callback) const;
  template <class F>
    requires std::is_invocable_v<F&, HTTPResponse>
  void fetch(std::string url, F callback) const {
    fetch(HTTPRequest(std::move(url)), std::move(callback));
  }

  // Ends the client: fetches that run or wait fail with HTTPStreamClosedError, connections are
  // closed; a later fetch fails with std::runtime_error. The loop's own client is replaced by a new
  // one at the next AsyncHTTPClient(). (close)
  void close() const;

  // What later clients of all threads are made of: "simple" or
  // "tornado.simple_httpclient.SimpleAsyncHTTPClient", "curl" or
  // "tornado.curl_httpclient.CurlAsyncHTTPClient" (see curl_httpclient.h), or a name given to
  // add_implementation; and their options, which force_instance with options replaces. Throws
  // std::invalid_argument for an unknown name, and for curl's if this library was built without
  // libcurl. Clients that exist stay as they are. (configure)
  static void configure(std::string_view name, const ClientOptions& options = {});
  static void configure(ImplementationFactory factory, const ClientOptions& options = {});
  // Back to the simple client with its defaults.
  static void configure(std::nullptr_t);
  static void add_implementation(std::string name, ImplementationFactory factory);
  // The options that configure() has set.
  static ClientOptions configured_options();

 private:
  struct Shared;

  // With the client's defaults.
  std::shared_ptr<const HTTPRequest> complete(HTTPRequest request) const;
  Future<HTTPResponse> start(std::shared_ptr<const HTTPRequest> request, bool raise_error) const;

  std::shared_ptr<Shared> shared_;
};

// Fetches one after the other, and waits: for scripts and tests. It has a loop of its own, so that
// it works anywhere but inside a running loop (std::runtime_error). (HTTPClient)
class HTTPClient {
 public:
  HTTPClient();
  explicit HTTPClient(const ClientOptions& options);
  HTTPClient(const HTTPClient&) = delete;
  HTTPClient& operator=(const HTTPClient&) = delete;
  // close().
  ~HTTPClient();

  // The response, or throws as AsyncHTTPClient::fetch fails.
  HTTPResponse fetch(HTTPRequest request, bool raise_error = true);
  HTTPResponse fetch(std::string url, bool raise_error = true) {
    return fetch(HTTPRequest(std::move(url)), raise_error);
  }
  // Closes the connections and the loop; a later fetch throws std::runtime_error. (close)
  void close();

 private:
  struct Impl;
  core::Owned<Impl> impl_;
  ClientOptions options_;
};

namespace detail {

// The response of a fetch that is done; if it has none, one with code 599 and the error.
HTTPResponse response_of(Future<HTTPResponse> done,
                         const std::shared_ptr<const HTTPRequest>& request);

}  // namespace detail

template <class F>
  requires std::is_invocable_v<F&, HTTPResponse>
void AsyncHTTPClient::fetch(HTTPRequest request, F callback) const {
  auto completed = complete(std::move(request));
  const auto result = start(completed, false);
  // The response is kept beside the callback until that has ended: it may be a coroutine that took
  // a reference.
  result.add_done_callback([callback = std::move(callback), request = std::move(completed),
                            response = HTTPResponse()](Future<HTTPResponse> done) mutable {
    response = detail::response_of(std::move(done), request);
    return callback(std::move(response));
  });
}

}  // namespace tornado::httpclient
