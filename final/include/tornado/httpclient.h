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

// -------------------------------------------------------------------------------------------------
// Errors

// A fetch failed, or its response does not mean success. (HTTPClientError, HTTPError)
class HTTPClientError : public std::runtime_error {
 public:
  // An empty message means the usual reason of the code. what() is "HTTP 404: Not Found".
  explicit HTTPClientError(int error_code, std::string error_message = {},
                           std::shared_ptr<const HTTPResponse> error_response = nullptr,
                           std::exception_ptr error_cause = nullptr);

  int code;             // the response's status; 599 if there is no response
  std::string message;  // the reason, without the code
  std::shared_ptr<const HTTPResponse> response;  // null if there is none
  // What made the transfer fail: a std::system_error, a netutil::ResolveError, or an HTTPInputError
  // if the server broke the protocol. Null in other cases.
  std::exception_ptr cause;

 protected:
  // For derived classes whose what() is the message alone.
  struct OwnText {};
  HTTPClientError(OwnText, std::string error_message, std::exception_ptr error_cause);
};
using HTTPError = HTTPClientError;

// The stage in which a fetch timed out.
enum class TimeoutPhase : std::uint8_t {
  kQueue,    // waiting for other fetches of its client: "Timeout in request queue"
  kConnect,  // "Timeout while connecting", which includes name resolution and the TLS handshake
  kRequest,  // "Timeout during request"
};

// Code 599; what() is the message. (simple_httpclient.HTTPTimeoutError)
class HTTPTimeoutError : public HTTPClientError {
 public:
  explicit HTTPTimeoutError(TimeoutPhase timeout_phase);

  TimeoutPhase phase;  // what the fetch was waiting for
};

// The connection could not be made, or ended before the response was complete. Code 599; what() is
// the message. (simple_httpclient.HTTPStreamClosedError)
class HTTPStreamClosedError : public HTTPClientError {
 public:
  explicit HTTPStreamClosedError(std::string error_message,
                                 std::exception_ptr error_cause = nullptr);
};

// -------------------------------------------------------------------------------------------------
// Requests

namespace detail {

template <class... Args>
using MaybeCoroutine = core::MaybeCoroutine<Args...>;

// Receives the bytes of a body producer.
class BodySink : public core::Counted {
 public:
  virtual Future<void> write(std::string chunk) = 0;
};

}  // namespace detail

// Writes a request's body; passed to a body producer. Copies write to the same request.
class BodyWriter {
 public:
  explicit BodyWriter(core::Ref<detail::BodySink> sink) : sink_(std::move(sink)) {}

  // Sends a piece of the body. Awaiting the future gives back-pressure: it completes when at most
  // 64 KiB wait to be sent. Fails with iostream::StreamClosedError once the fetch is over, and with
  // httputil::HTTPOutputError if the body exceeds its Content-Length.
  concurrent::Sent operator()(std::string chunk) const { return sink_->write(std::move(chunk)); }

 private:
  core::Ref<detail::BodySink> sink_;
};

// What to fetch, and how. An unset field takes its value from the client's defaults (see
// ClientOptions), else the default given here in parentheses. (HTTPRequest)
struct HTTPRequest {
  HTTPRequest();
  explicit HTTPRequest(std::string request_url, std::string request_method = "GET");

  // An http or https URL. Credentials in it ("http://user:password@host/") mean basic
  // authentication. The fragment is not sent. Bytes from 0x80 on are percent-encoded; in a host
  // name, IDNA applies (libidn2).
  std::string url;
  std::string method = "GET";     // one that is not standard needs allow_nonstandard_methods
  httputil::HTTPHeaders headers;  // sent besides those that the client adds
  // POST, PUT and PATCH need a body or a body_producer, other methods must not have one, unless
  // allow_nonstandard_methods is set.
  std::optional<std::string> body;
  // Called with a BodyWriter when it is time to send the body; usually a coroutine. The body is
  // sent chunked unless `headers` has a Content-Length. Such a body is sent only once, so a
  // redirect that keeps the body cannot be followed.
  detail::MaybeCoroutine<BodyWriter> body_producer;

  std::optional<std::string> auth_username;  // overrides the URL's
  std::optional<std::string> auth_password;  // overrides the URL's
  std::optional<std::string> auth_mode;  // "basic", the default; "digest" only in curl_httpclient

  // In seconds, or as std::chrono durations; 0: no limit. (20 each)
  std::optional<core::Seconds> connect_timeout;  // from the start until connected, TLS included
  std::optional<core::Seconds> request_timeout;  // from the start to the end, redirects included

  // Seconds since 1970, sent as If-Modified-Since.
  std::optional<std::int64_t> if_modified_since;
  std::optional<bool> follow_redirects;           // (true)
  std::optional<int> max_redirects;               // followed in a row (5)
  std::optional<std::string> user_agent;          // ("Tornado/" and this library's version)
  std::optional<bool> decompress_response;        // ask for gzip and decode it (true)
  std::optional<bool> allow_nonstandard_methods;  // (false)
  std::optional<bool> expect_100_continue;  // hold the body until the server asks for it (false)
  // Send the id of the request whose handler fetches as X-Request-Id, unless that field is set.
  // Outside of a handler it has no effect. Not in Tornado. (false)
  std::optional<bool> pass_request_id;

  std::optional<std::string> network_interface;  // an address of this machine to connect from
  std::optional<bool> allow_ipv6;                // (true)

  // HTTPS: the certificate and the host name are checked, unless validate_cert is false.
  // ssl_options replaces the four fields before it; for many requests, create one context and reuse
  // it.
  std::optional<bool> validate_cert;           // (true)
  std::optional<std::string> ca_certs;         // file of trusted certificates, PEM; (the system's)
  std::optional<std::string> client_cert;      // file of our certificate, PEM
  std::optional<std::string> client_key;       // file of its key; may be the same file
  std::optional<ssl::SSLContext> ssl_options;  // instead of the four above

  // Called with each piece of the body as it arrives; the response's body is then empty. May be a
  // coroutine: reading pauses until it has ended. The body of a redirect that is followed is
  // dropped. An exception that leaves it fails the fetch.
  detail::MaybeCoroutine<std::string> streaming_callback;
  // Called with the start line, each header line, and the empty line, all with their CRLF, before
  // the body. An exception that leaves it fails the fetch.
  core::Function<void(std::string)> header_callback;

  // The next fields are for curl_httpclient. In the simple client, a request with a proxy_host
  // fails with std::invalid_argument.
  std::optional<std::string> proxy_host;
  std::optional<int> proxy_port;
  std::optional<std::string> proxy_username;
  std::optional<std::string> proxy_password;
  std::optional<std::string> proxy_auth_mode;  // "basic" or "digest" ("basic")
  // Called with libcurl's easy handle (CURL*) before the transfer.
  core::Function<void(void*)> prepare_curl_callback;
};

// -------------------------------------------------------------------------------------------------
// Responses

// Seconds from the start of the request to each event; 0 if it did not happen or was not measured.
// The names are libcurl's.
struct TimeInfo {
  double queue = 0;          // before the start, waiting for other fetches
  double namelookup = 0;     // the host's addresses were known; 0 also for a reused connection
  double connect = 0;        // 0 also for a reused connection
  double appconnect = 0;     // the TLS handshake
  double pretransfer = 0;    // the request could be sent
  double starttransfer = 0;  // the first byte of the response
  double total = 0;          // the last byte of the response
  double redirect = 0;       // the last redirect was followed
};

// The result of a fetch. A value: nothing in it points into the client. (HTTPResponse)
struct HTTPResponse {
  HTTPResponse();
  // Makes a response with `code`, for a stub in a test.
  explicit HTTPResponse(std::shared_ptr<const HTTPRequest> response_request,
                        int response_code = 200);

  std::shared_ptr<const HTTPRequest> request;  // the original one, before any redirects
  int code = 599;                              // 599: no response
  std::string reason;                          // the code's usual one if the server sent none
  httputil::HTTPHeaders headers;               // of the last response, after redirects
  std::string effective_url;                   // the last one, after redirects
  std::string body;                            // decoded; empty if there was a streaming_callback
  // Null for a 2xx; otherwise an HTTPClientError with the code, or the reason why there was no
  // response. Its own member `response` is null here, since it would point to this object.
  std::exception_ptr error;
  double start_time = 0;    // seconds since the epoch
  double request_time = 0;  // from then to the last byte, without queueing
  TimeInfo time_info;       // when the steps of the fetch happened

  // Throws `error` unless it is null. (rethrow)
  void rethrow() const;
};

// -------------------------------------------------------------------------------------------------
// Clients

// Settings of a client. Sizes are bytes, times are seconds or std::chrono durations.
struct ClientOptions {
  ClientOptions();

  // The number of fetches that run at the same time. Others wait in order of arrival, for the
  // shorter of connect_timeout and request_timeout at most; both start again when the fetch begins.
  std::size_t max_clients = 10;
  std::size_t max_buffer_size = 104'857'600;  // unread bytes of one connection
  std::size_t max_header_size = 65'536;       // of a response's head, with all 1xx heads before it
  // Limits a response's body as sent and, if it is compressed, also as decoded. (max_buffer_size)
  std::optional<std::uint64_t> max_body_size;
  // Connects to other hosts instead, such as staging under the public name. (hostname_mapping)
  std::vector<netutil::OverrideResolver::Entry> hostname_mapping;
  // Null means netutil::Resolver::default_resolver().
  std::shared_ptr<netutil::Resolver> resolver;

  // Keeps connections for the next request to the same origin. If false, each request opens its own
  // and sends "Connection: close", as Tornado's client does.
  bool keep_alive = true;
  std::size_t max_idle_connections = 100;             // in all; the oldest is closed
  std::size_t max_idle_connections_per_origin = 100;  // of one scheme, host and port
  core::Seconds idle_timeout = 60;  // seconds after which an unused connection is closed

  // Values for the fields that a request does not set: `options.defaults.request_timeout = 5`. A
  // header of the defaults is added if the request has none of that name. The defaults' url, method
  // and body are ignored.
  HTTPRequest defaults;
};

// One fetch, as passed to an implementation.
struct Fetch {
  std::shared_ptr<const HTTPRequest> request;  // with the defaults filled in
  bool raise_error = true;                     // false: a status other than 2xx is not an error
  Future<HTTPResponse> result;                 // what fetch() has returned

  // Completes `result` as raise_error says; does nothing if it is done already (cancelled). If the
  // code does not mean success and `response.error` is null, sets it.
  void finish(HTTPResponse response) const;
  // Reports that there is no response, because of `error`. `result` then fails even with
  // raise_error off, which only keeps a bad status from being an exception.
  void fail(std::exception_ptr error) const;
};

// The engine of an AsyncHTTPClient: one per loop and, with force_instance, one per client. Derive
// from it to replace the network, by a test's stub or another library. All calls come from the
// loop.
class Implementation {
 public:
  virtual ~Implementation() = default;

  // Starts a fetch. The implementation ends it later with finish() or fail().
  // `fetch.result.on_cancel()` reports that nobody waits any more. An exception that leaves
  // fetch_impl() becomes the fetch's error. (fetch_impl)
  virtual void fetch_impl(Fetch fetch) = 0;
  // Ends all running fetches. None follows. (close)
  virtual void close() {}
};

using ImplementationFactory = core::Function<std::unique_ptr<Implementation>(const ClientOptions&)>;

struct ForceInstance {};
// Asks for a client of its own: `AsyncHTTPClient client(httpclient::force_instance);`.
inline constexpr ForceInstance force_instance;

// Fetches without blocking; all fetches of a loop run concurrently. (AsyncHTTPClient)
//
// It is a handle: copies mean the same client, and destroying the handle does not end a fetch. It
// belongs to the loop that was current when it was made.
class AsyncHTTPClient {
 public:
  // Returns a handle to the loop's own client, which is made at first use as configure() says and
  // closed with the loop.
  AsyncHTTPClient();
  // Makes a separate client, with connections and limits of its own.
  explicit AsyncHTTPClient(ForceInstance);
  AsyncHTTPClient(ForceInstance, const ClientOptions& options);

  // Fetches a URL and returns the response. Fails with HTTPClientError if the code is not 2xx or,
  // with raise_error off, only if there is no response; see HTTPTimeoutError and
  // HTTPStreamClosedError. Fails with std::invalid_argument if the request cannot be sent as it is:
  // not http, a line end in the method, a body where none is allowed. The call itself never throws.
  //
  // Cancelling the future ends the transfer: it closes its connection, or gives up its place in the
  // queue.
  Future<HTTPResponse> fetch(HTTPRequest request, bool raise_error = true) const;
  Future<HTTPResponse> fetch(std::string url, bool raise_error = true) const {
    return fetch(HTTPRequest(std::move(url)), raise_error);
  }
  // The form of Tornado 4: calls `callback` with the response, on the loop. It is called in every
  // case, so check the response's `error`. It may be a coroutine.
  template <class F>
    requires std::is_invocable_v<F&, HTTPResponse>
  void fetch(HTTPRequest request, F callback) const;
  template <class F>
    requires std::is_invocable_v<F&, HTTPResponse>
  void fetch(std::string url, F callback) const {
    fetch(HTTPRequest(std::move(url)), std::move(callback));
  }

  // Closes the client and its connections. Fetches that run or wait fail with
  // HTTPStreamClosedError; later ones fail with std::runtime_error. The next AsyncHTTPClient()
  // makes a new client for the loop. (close)
  void close() const;

  // Chooses the implementation and options of clients made later, on all threads. `name` is
  // "simple" or "tornado.simple_httpclient.SimpleAsyncHTTPClient"; with curl_httpclient.h included,
  // "curl" or "tornado.curl_httpclient.CurlAsyncHTTPClient"; or a name given to add_implementation.
  // Options passed with force_instance replace these. Throws std::invalid_argument for an unknown
  // name. Existing clients do not change. (configure)
  static void configure(std::string_view name, const ClientOptions& options = {});
  static void configure(ImplementationFactory factory, const ClientOptions& options = {});
  // Restores the simple client with its defaults.
  static void configure(std::nullptr_t);
  // Makes `factory` known to configure() as `name`, and replaces an earlier one. Any thread. Throws
  // std::invalid_argument if `factory` is empty.
  static void add_implementation(std::string name, ImplementationFactory factory);
  // Returns the options set by configure().
  static ClientOptions configured_options();

 private:
  struct Shared;

  // Fills in the client's defaults.
  std::shared_ptr<const HTTPRequest> complete(HTTPRequest request) const;
  Future<HTTPResponse> start(std::shared_ptr<const HTTPRequest> request, bool raise_error) const;

  std::shared_ptr<Shared> shared_;
};

// Fetches one request at a time and blocks: for scripts and tests. It has its own loop, so it works
// anywhere except inside a running loop, where it throws std::runtime_error. (HTTPClient)
class HTTPClient {
 public:
  HTTPClient();
  explicit HTTPClient(const ClientOptions& options);
  HTTPClient(const HTTPClient&) = delete;
  HTTPClient& operator=(const HTTPClient&) = delete;
  // Calls close().
  ~HTTPClient();

  // Returns the response. Throws the errors with which AsyncHTTPClient::fetch fails.
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

// Returns the response of a fetch that is done; if it failed, one with the error and code 599.
HTTPResponse response_of(Future<HTTPResponse> done,
                         const std::shared_ptr<const HTTPRequest>& request);

}  // namespace detail

template <class F>
  requires std::is_invocable_v<F&, HTTPResponse>
void AsyncHTTPClient::fetch(HTTPRequest request, F callback) const {
  auto completed = complete(std::move(request));
  const auto result = start(completed, false);
  // The response is kept beside the callback until that has ended: a coroutine may have taken a
  // reference to it.
  result.add_done_callback([callback = std::move(callback), request = std::move(completed),
                            response = HTTPResponse()](Future<HTTPResponse> done) mutable {
    response = detail::response_of(std::move(done), request);
    return callback(std::move(response));
  });
}

}  // namespace tornado::httpclient
