// Public header. The parts of HTTP that need no socket: header fields, start lines, the server's
// request object, form and cookie parsing, and the interfaces between a connection and the code
// that serves it. Mirrors tornado.httputil.
//
// Everything here belongs to the thread of its event loop; free functions may be called from any
// thread.
#pragma once

#include <tornado/core/pointers.h>
#include <tornado/core/seconds.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tornado {

template <class T>
class Future;  // <tornado/concurrent.h>: needed only by code that implements or awaits the
               // interfaces below
namespace concurrent {
class Sent;
}
namespace core {
struct FileRange;  // <tornado/core/file.h>
}

namespace ssl {
struct Certificate;  // <tornado/ssl.h>
}
namespace httputil {

// The peer sent something that is not HTTP, or a form body that cannot be parsed. A server responds
// with 400.
class HTTPInputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The program wrote a response that cannot be sent, for example more bytes than its Content-Length.
class HTTPOutputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Thrown by HTTPHeaders::operator[] for a field that does not exist.
class KeyError : public std::out_of_range {
 public:
  using std::out_of_range::out_of_range;
};

// -------------------------------------------------------------------------------------------------
// Header fields

// An ordered list of header fields. A name may occur more than once; case is ignored when names are
// compared. Names are stored and printed in Http-Header-Case, as in Tornado ("WWW-authenticate"
// becomes "Www-Authenticate").
//
// The object is the wire form itself ("Name: value" CRLF for each field) and an index into it, in
// one block of memory. Filling it usually costs one allocation, and sending it is one copy.
//
// Values are bytes. Fields added by the program are checked: a name that is not a token, or a value
// with a control character other than tab, throws std::invalid_argument, so that untrusted text
// cannot add a header line (RFC 9110 5.5).
class HTTPHeaders {
 public:
  struct Field {
    std::string_view name;   // in Http-Header-Case; like `value`, valid until the object changes
    std::string_view value;  // bytes, without blanks around them
  };
  class Iterator;

  HTTPHeaders() = default;
  // A copy has room for a few more fields, because a response's headers begin as a copy of the
  // usual ones.
  HTTPHeaders(const HTTPHeaders& other) { *this = other; }
  HTTPHeaders(HTTPHeaders&& other) noexcept { swap(other); }
  HTTPHeaders& operator=(const HTTPHeaders& other);
  HTTPHeaders& operator=(HTTPHeaders&& other) noexcept {
    HTTPHeaders(std::move(other)).swap(*this);
    return *this;
  }
  ~HTTPHeaders() {
    if (block_ != nullptr) free_block();
  }
  HTTPHeaders(std::initializer_list<std::pair<std::string_view, std::string_view>> fields);

  // Parses "Name: value" lines that end in LF or CRLF (RFC 9112 5). Throws HTTPInputError. Tornado:
  // HTTPHeaders.parse.
  static HTTPHeaders parse(std::string_view text);
  // Parses and adds one line, with or without its line end. A line that begins with a blank
  // continues the last value, joined by one space (obs-fold, RFC 9112 5.2). Throws HTTPInputError.
  // Tornado: parse_line.
  void parse_line(std::string_view line);
  // Parses lines like parse(), but adds to this object and does not throw. Returns nullptr, or a
  // static string with the reason why `text` was rejected; the fields before the bad line stay.
  // More than `max_fields` fields in all is an error.
  [[nodiscard]] const char* parse_lines(std::string_view text, std::size_t max_fields = 1000);

  // Appends a field; earlier ones of that name stay. Trims blanks around the value. Throws
  // std::invalid_argument. Tornado: add.
  void add(std::string_view name, std::string_view value);
  // Internal: add() without the check of the name, for fields that the library writes itself.
  // `name` is in Http-Header-Case; neither argument may point into this object.
  void add_known(std::string_view name, std::string_view value);
  // Makes `value` the only one of that name, at the position of the first. Throws
  // std::invalid_argument. Tornado: headers[name] = value.
  void set(std::string_view name, std::string_view value);
  // Removes every field of that name and returns their number. Tornado: del headers[name].
  std::size_t remove(std::string_view name);
  // Removes all fields, and keeps the memory for others.
  void clear() noexcept;
  // Frees the room for more fields, and invalidates pointers into the object. Not in Tornado.
  void shrink_to_fit();

  // Returns whether there is a field of that name.
  bool contains(std::string_view name) const noexcept;
  // Returns the value; repeated fields are joined with ",". Throws KeyError if there is none. The
  // result is const so that `headers["X"] = "y"`, which could not work, does not compile: use
  // set().
  const std::string operator[](std::string_view name) const;
  // Returns the value like operator[], or `fallback` if there is none.
  std::string get(std::string_view name, std::string_view fallback = {}) const;
  // Returns the values of that name, in order; empty if there are none.
  std::vector<std::string> get_list(std::string_view name) const;
  // Returns every field as a (name, value) pair. begin()/end() visit them without copying.
  std::vector<std::pair<std::string, std::string>> get_all() const;
  // Returns the first value of that name without copying: it points into this object and is valid
  // until the object changes.
  std::optional<std::string_view> find(std::string_view name) const noexcept;

  // Returns the number of fields, and whether it is 0. A repeated field counts each time.
  std::size_t size() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }
  // Visit the fields in order, as views that are valid until the object changes.
  Iterator begin() const noexcept;
  Iterator end() const noexcept;

  // Returns "Name: value" CRLF for every field, without the empty line that ends a head. Valid
  // until the object changes.
  std::string_view wire() const noexcept { return {block_, wire_size_}; }
  // Returns the same with LF, for people to read. Tornado: str(headers).
  std::string str() const;

 private:
  struct Entry {  // one line: name, ": ", value, CRLF
    std::uint32_t begin;
    std::uint32_t name_size;
    std::uint32_t value_size;
    std::uint32_t value_begin() const noexcept { return begin + name_size + 2; }
    std::uint32_t end() const noexcept { return value_begin() + value_size + 2; }
  };
  Entry* index_end() const noexcept { return reinterpret_cast<Entry*>(block_ + capacity_); }
  Entry& entry(std::size_t i) const noexcept { return *(index_end() - 1 - i); }
  Field field(std::size_t i) const noexcept {
    const Entry& at = entry(i);
    return {{block_ + at.begin, at.name_size}, {block_ + at.value_begin(), at.value_size}};
  }
  void swap(HTTPHeaders& other) noexcept {
    std::swap(block_, other.block_);
    std::swap(capacity_, other.capacity_);
    std::swap(wire_size_, other.wire_size_);
    std::swap(count_, other.count_);
  }
  void free_block() noexcept;
  bool points_into(std::string_view text) const noexcept;
  void make_room(std::size_t bytes);
  void reserve(std::size_t bytes);
  void move_to_block(std::size_t bytes);
  void append(std::size_t name_size, std::string_view value) noexcept;
  const char* read_field(std::string_view& text);
  const char* read_continuation(std::string_view& text);
  std::size_t index_of(std::string_view name, std::size_t from = 0) const noexcept;
  void erase_from(std::size_t index, std::string_view name);
  std::string join(std::size_t first, std::string_view name) const;

  // The lines are stored one after another from the start of the block, their entries from its end
  // downwards; the gap between them is room for more.
  char* block_ = nullptr;
  std::uint32_t capacity_ = 0;
  std::uint32_t wire_size_ = 0;
  std::uint32_t count_ = 0;
};

// Visits the fields as (name, value) views: `for (auto [name, value] : headers)`.
class HTTPHeaders::Iterator {
 public:
  using value_type = Field;
  using difference_type = std::ptrdiff_t;

  Iterator() = default;
  // Returns the field, as views into the headers.
  Field operator*() const noexcept { return headers_->field(index_); }
  // Go to the next field. Must not be called on end().
  Iterator& operator++() noexcept {
    ++index_;
    return *this;
  }
  Iterator operator++(int) noexcept { return {headers_, index_++}; }
  bool operator==(const Iterator&) const noexcept = default;

 private:
  friend class HTTPHeaders;
  Iterator(const HTTPHeaders* headers, std::size_t index) : headers_(headers), index_(index) {}
  const HTTPHeaders* headers_ = nullptr;
  std::size_t index_ = 0;
};

inline HTTPHeaders::Iterator HTTPHeaders::begin() const noexcept {
  return {this, 0};
}
inline HTTPHeaders::Iterator HTTPHeaders::end() const noexcept {
  return {this, count_};
}

// -------------------------------------------------------------------------------------------------
// Start lines

// In a server's requests the version is always "HTTP/1.0" or "HTTP/1.1" (a higher minor version is
// served as 1.1, RFC 9110 2.5), and the path is in origin form ("/a?b"): an absolute-form target
// has been split already.
struct RequestStartLine {
  RequestStartLine() = default;
  RequestStartLine(std::string line_method, std::string line_path,
                   std::string line_version = "HTTP/1.1")
      : method(std::move(line_method)),
        path(std::move(line_path)),
        version(std::move(line_version)) {}

  std::string method;   // as sent, such as "GET"; case counts (RFC 9110 9.1)
  std::string path;     // with the query, still percent-encoded
  std::string version;  // "HTTP/1.1"
};

struct ResponseStartLine {
  ResponseStartLine() = default;
  ResponseStartLine(std::string line_version, int line_code, std::string line_reason)
      : version(std::move(line_version)), code(line_code), reason(std::move(line_reason)) {}

  std::string version;  // "HTTP/1.1"
  int code = 200;       // the status: three digits
  std::string reason;   // the text after it, which may be empty
};

// Parse "GET /x HTTP/1.1" and "HTTP/1.1 200 OK", without the line end. Accept only HTTP/1.x; throw
// HTTPInputError.
RequestStartLine parse_request_start_line(std::string_view line);
ResponseStartLine parse_response_start_line(std::string_view line);

// Returns the reason phrase of a status code (as in Python 3.11's http.client), or `fallback`.
std::string_view responses(int code, std::string_view fallback = "Unknown") noexcept;

// -------------------------------------------------------------------------------------------------
// Arguments, forms, cookies

// The values of each name in the order they came. Sorted by name, because a hash table would need a
// defence against chosen keys.
using Arguments = std::map<std::string, std::vector<std::string>, std::less<>>;

// A file of a multipart form. Tornado also reads the attributes by key: file["body"].
struct HTTPFile {
  std::string filename;      // as sent by the client: text to display, never a path to open
  std::string body;          // the file's bytes
  std::string content_type;  // "application/unknown" if the part has none

  // Returns "filename", "body" or "content_type". Throws KeyError for any other key.
  const std::string& operator[](std::string_view key) const;
};

using Files = std::map<std::string, std::vector<HTTPFile>, std::less<>>;
using Cookies = std::map<std::string, std::string, std::less<>>;

struct ParseMultipartConfig {
  bool enabled = true;                       // false: every multipart body is rejected
  std::size_t max_parts = 100;               // the text before the first boundary counts as one
  std::size_t max_part_header_size = 10240;  // bytes of one part's header lines
};

// Not in Tornado, where only the body's size is limited. A field can take a hundred times more
// memory than the byte or two it was sent in.
struct ParseUrlencodedConfig {
  std::size_t max_fields = 100000;  // pieces between "&"
};

struct ParseBodyConfig {
  ParseMultipartConfig multipart{};    // for multipart/form-data
  ParseUrlencodedConfig urlencoded{};  // for application/x-www-form-urlencoded
};

// Sets the limits that parse_body_arguments() and HTTPServerRequest::parse_body() use from now on,
// in every thread that starts later: call it before the server starts.
void set_parse_body_config(const ParseBodyConfig& config);

// Adds the fields of a form body to `arguments` and `files`. `content_type` must be
// application/x-www-form-urlencoded or multipart/form-data; any other adds nothing. A
// Content-Encoding in `headers` is rejected, because this function does not decode it. Throws
// HTTPInputError; `arguments` and `files` may then hold a part of the form.
void parse_body_arguments(std::string_view content_type, std::string_view body,
                          Arguments& arguments, Files& files, const HTTPHeaders* headers = nullptr);
// Parses multipart/form-data only; `boundary` may be quoted. The syntax is that of RFC 7578 and RFC
// 2046 5.1: a boundary counts only at the start of a line, the first final boundary ends the form,
// and text before the first boundary or after the final one is ignored.
void parse_multipart_form_data(std::string_view boundary, std::string_view data,
                               Arguments& arguments, Files& files,
                               const ParseMultipartConfig& config = {});

// Parses a Cookie header's value as browsers write it: a pair without "=" has an empty name, the
// last cookie of a name wins, and quoted values are decoded by Python's rules (octal escapes
// included). Never fails; takes linear time.
Cookies parse_cookie(std::string_view cookie);

// -------------------------------------------------------------------------------------------------
// URLs and dates

// Appends `args`, form-encoded, to the query of `url`, before its fragment. Values are UTF-8 bytes.
std::string url_concat(std::string_view url,
                       const std::vector<std::pair<std::string, std::string>>& args);

// Splits "host:80" into {"host", 80}, and "host" into {"host", nullopt}. A port that is not a
// number up to 65535 stays part of the host. "[::1]:80" keeps its brackets.
std::pair<std::string, std::optional<int>> split_host_and_port(std::string_view netloc);

// Returns "username:password", the text that basic authentication encodes (RFC 7617). Tornado first
// normalizes the text to Unicode's NFC; here the bytes stay as they are. Tornado:
// encode_username_password.
std::string encode_username_password(std::string_view username, std::string_view password);

// Returns one (name, value) pair for each value, as url_concat() takes them. Tornado: qs_to_qsl.
std::vector<std::pair<std::string, std::string>> qs_to_qsl(const Arguments& arguments);

// Formats seconds since 1970 as "Sun, 27 Jan 2013 18:43:20 GMT" (RFC 9110 5.6.7). Throws
// std::invalid_argument for years outside 0 to 9999.
std::string format_timestamp(std::int64_t unix_seconds);

// -------------------------------------------------------------------------------------------------
// Interfaces between the layers

// The peer of a connection. A proxy's headers may change it for one request (HTTPServer's
// xheaders).
struct HTTPRequestContext {
  std::string remote_ip;          // an IP address; "0.0.0.0" for a Unix socket
  std::string protocol = "http";  // "http" or "https"
};

// The writing half of one exchange; each request has its own object. It may be kept for any length
// of time: once the exchange has ended or the client has gone, writing fails with StreamClosedError
// and cannot disturb the next response on the same TCP connection.
class HTTPConnection {
 public:
  virtual ~HTTPConnection() = default;

  // Sends the start line, the fields and, if it is not empty, the first piece of the body. The
  // future is done when the bytes have been passed to the system; awaiting it gives flow control,
  // but is optional.
  virtual concurrent::Sent write_headers(const ResponseStartLine& start_line,
                                         const HTTPHeaders& headers, std::string_view chunk) = 0;
  // Sends another piece of the body. `chunk` is copied or sent before the call returns.
  virtual concurrent::Sent write(std::string_view chunk) = 0;
  // Sends a part of a file as another piece of the body. The server's connections let the system
  // copy it, and hold no more of it in memory than a small write would. This default reads the part
  // and writes it. A file that is too short closes the server's connection.
  virtual concurrent::Sent write_file(const core::FileRange& range);
  // Completes the message. Call it once.
  virtual void finish() = 0;

  // Returns the client's address and protocol. Valid as long as the connection.
  virtual HTTPRequestContext& context() = 0;
  // Returns the client's certificate; nullopt without TLS, if the client sent none, or once the
  // connection is gone. Callers need <tornado/ssl.h>.
  virtual std::optional<ssl::Certificate> get_ssl_certificate() const;

  // Limits the size of this request's body, instead of the server's limit, which applies again to
  // the next request. In bytes; with decompress_request the decompressed bytes count too. The limit
  // takes effect when headers_received()'s future is done, so set it before, for example in the
  // prepare() of a handler with data_received().
  virtual void set_max_body_size(std::uint64_t /*max_body_size*/) {}
  // Limits the time from that moment to the end of the body, in seconds; 0: no limit.
  virtual void set_body_timeout(core::Seconds /*seconds*/) {}

  // Reports that `bytes` more of the request's body stay in memory as long as this object: see
  // HTTPServerOptions::max_buffered_total. For a delegate that collects the body in
  // data_received(). Its exceptions must reach the caller of data_received(), which responds with
  // 503.
  virtual void count_buffered(std::size_t /*bytes*/) {}

  // Returns whether the server is shutting down: see httpserver::HTTPServer::shutdown(). False once
  // the client has gone.
  virtual bool shutting_down() const noexcept { return false; }
};

// A request that exceeds a limit of the server, which therefore does not read the rest of it.
struct RequestRefusal {
  int status_code = 413;  // 413: the body; 414: the request target; 431: the header fields
  std::string reason;     // for the log
  // Null unless the head was not read, so that headers_received() was not called: the method, the
  // target, of which a 414 shows the beginning, and the version. Valid during refuse().
  const RequestStartLine* start_line = nullptr;
};

// Receives one request, in this order: headers_received() once, data_received() any number of
// times, then finish(), unless on_connection_close() was called before it. While a future is not
// done, the next call, and with it the peer, has to wait.
class HTTPMessageDelegate {
 public:
  virtual ~HTTPMessageDelegate() = default;
  // Called with the head, before any of the body is read.
  virtual Future<void> headers_received(RequestStartLine start_line, HTTPHeaders headers) = 0;
  // Called with the next piece of the body, without the framing of chunks. Never empty.
  virtual Future<void> data_received(std::string chunk) = 0;
  // Called when the request is complete. The response may be sent now or later.
  virtual void finish() = 0;
  // Called instead of the remaining ones of these three if the request exceeds a limit before a
  // response has begun. Returns whether the delegate responds, through its connection, now or
  // later; the connection closes after that. If it returns false, as this default does, the
  // connection sends the status without a body and calls on_connection_close().
  virtual bool refuse(const RequestRefusal& /*refusal*/) { return false; }
  // Called when the peer has gone: before finish(), the message will not be completed; after it,
  // nobody will read the response.
  virtual void on_connection_close() {}
  // Called once, after finish(), if the server shuts down before the response is complete.
  virtual void on_shutdown() {}
};

// Receives a server's requests: an Application, a Router, or the program's own class.
class HTTPServerConnectionDelegate {
 public:
  virtual ~HTTPServerConnectionDelegate() = default;
  // Called when a request begins. `server_connection` is the same for every request of one TCP
  // connection, and is only for comparing. The connection owns the delegate and destroys it after
  // the exchange, never inside one of its calls.
  virtual std::unique_ptr<HTTPMessageDelegate> start_request(
      const void* server_connection, std::shared_ptr<HTTPConnection> request_connection) = 0;
  // Called when the TCP connection is gone; no request of it will start.
  virtual void on_close(const void* /*server_connection*/) {}
};

// -------------------------------------------------------------------------------------------------
// The server's request

// One request as the program sees it. Data that was sent is in members. Derived data comes from
// functions, which compute it at the first call, so that a request whose arguments are never read
// does not pay for parsing them. Moving is cheap and safe: nothing points into a network buffer.
class HTTPServerRequest {
 public:
  // Makes a request of these parts. The host comes from the Host field; without one it is
  // "127.0.0.1", as in Tornado. With a connection, remote_ip and protocol are taken from its
  // context.
  explicit HTTPServerRequest(RequestStartLine&& start_line, HTTPHeaders headers = {},
                             std::string body = {},
                             std::shared_ptr<HTTPConnection> connection = nullptr);
  ~HTTPServerRequest();
  HTTPServerRequest(HTTPServerRequest&&) noexcept;
  HTTPServerRequest& operator=(HTTPServerRequest&&) noexcept;

  std::string method;                          // as sent, such as "GET"
  std::string uri;                             // path and query as sent, still percent-encoded
  std::string path;                            // of uri, up to the first "?"
  std::string query;                           // of uri, after the first "?"
  std::string version;                         // "HTTP/1.0" or "HTTP/1.1"
  HTTPHeaders headers;                         // the request's fields; see HTTPHeaders
  std::string body;                            // empty if the handler has data_received()
  std::string remote_ip;                       // the client's address; see HTTPRequestContext
  std::string protocol = "http";               // "http" or "https"
  std::string host;                            // with the port if one was sent
  std::shared_ptr<HTTPConnection> connection;  // null if no server received this request
  // The TCP connection, as passed to a router: only for comparing. Null elsewhere.
  const void* server_connection = nullptr;

  // Returns the host in lower case without its port.
  std::string host_name() const;
  // Returns protocol://host + uri.
  std::string full_url() const;
  // Returns the client's certificate, if the server's ssl_options asked for one and the connection
  // still exists. Include <tornado/ssl.h>. Tornado's binary_form is the member `der`.
  std::optional<ssl::Certificate> get_ssl_certificate() const;
  // Returns the seconds since the loop learned of the request; outside a running loop, since this
  // object was made.
  double request_time() const noexcept;

  // Returns the query's arguments. "&" separates; blank values are kept; values are decoded bytes,
  // not checked for UTF-8. The reference is valid until the request is moved or destroyed. The same
  // holds for the functions below.
  const Arguments& query_arguments() const;
  // Return the form's arguments and files: empty before parse_body() and for other content types.
  const Arguments& body_arguments() const;
  const Files& files() const;
  // Returns the query's values, then the form's, for each name.
  const Arguments& arguments() const;
  // Returns the cookies that have a legal name (RFC 6265 4.1.1).
  const Cookies& cookies() const;

  // Returns the id under which logs of several programs can be searched for this request: the value
  // of its field X-Request-Id, if that is 1 to 128 letters, digits and characters of "-._~+/=:@",
  // else 32 random hexadecimal digits. The same at every call. Not in Tornado.
  const std::string& request_id() const;

  // Parses the form in `body`, if it is one. The server calls it when the body is complete, before
  // the handler runs. Throws HTTPInputError if the form is malformed. Tornado: _parse_body.
  void parse_body();

 private:
  struct Decoded;  // everything above that is computed on demand
  Decoded& decoded() const;

  bool on_loop_;  // start_ is the loop's time; if not, the monotonic clock's
  double start_;  // seconds
  mutable core::Owned<Decoded> decoded_;
};

}  // namespace httputil
}  // namespace tornado
