// Public header: Application, RequestHandler and what handlers throw. Mirrors tornado.web.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/detail/context.h>
#include <tornado/detail/function.h>
#include <tornado/detail/handler_class.h>
#include <tornado/detail/json_text.h>
#include <tornado/detail/pointers.h>
#include <tornado/httputil.h>

#include <concepts>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tornado::httpserver {
class HTTPServer;
struct HTTPServerOptions;
}  // namespace tornado::httpserver

namespace tornado::web {

class Application;
class RequestHandler;

// ---- what handlers throw ------------------------------------------------------------------------

// Ends the request with an error page. `log_message` is for the log and never reaches the client;
// `reason` replaces the standard phrase. Tornado: HTTPError.
class HTTPError : public std::exception {
 public:
  explicit HTTPError(int status_code = 500, std::string log_message = {}, std::string reason = {});
  const char* what() const noexcept override { return what_.c_str(); }

  int status_code;
  std::string log_message;
  std::string reason;

 private:
  std::string what_;
};

// A required argument is not there: 400.
class MissingArgumentError : public HTTPError {
 public:
  explicit MissingArgumentError(std::string_view name);
  std::string arg_name;
};

// Ends the request as it is, without an error page; with `chunk`, finish(chunk).
class Finish : public std::exception {
 public:
  Finish() = default;
  explicit Finish(std::string chunk) : chunk_(std::move(chunk)) {}
  const char* what() const noexcept override { return "Finish"; }
  const std::optional<std::string>& chunk() const noexcept { return chunk_; }

 private:
  std::optional<std::string> chunk_;
};

// What write_error() is told of the failure.
struct ErrorInfo {
  ErrorInfo() {}
  std::exception_ptr exception;  // null if send_error() was called directly
  std::string reason;            // replaces the status line's phrase if not empty
};

// ---- routes -------------------------------------------------------------------------------------

namespace detail {
class Pattern;
class HandlerDelegate;
struct OwnedRequest;
class RouteTable;
struct ApplicationState;
}  // namespace detail

// One route: a pattern, a handler class, what its initialize() gets, and a name. Made by url().
// Tornado: URLSpec.
class URLSpec {
 public:
  URLSpec(std::string pattern, const detail::HandlerClass& handler_class,
          std::shared_ptr<const void> init, std::string name);

  const std::string& pattern() const noexcept { return pattern_; }
  const std::string& name() const noexcept { return name_; }

 private:
  friend class detail::RouteTable;
  friend class detail::HandlerDelegate;
  std::string pattern_;
  std::string name_;
  const detail::HandlerClass* handler_class_;
  std::shared_ptr<const void> init_;
  std::shared_ptr<const detail::Pattern> compiled_;
};

// A route to handler class H. `pattern` is a regular expression (RE2's syntax, which is Python's
// without backreferences and look-around) for the whole path, as sent: still percent-encoded. Its
// groups become the verb's arguments, decoded and converted to the parameters' types; text that
// does not convert is a 404. Throws std::invalid_argument if the pattern is no regular expression,
// or if a verb of H takes another number of arguments than the pattern has groups.
template <class H>
  requires(!detail::HasInit<H>)
URLSpec url(std::string pattern, std::string name = {}) {
  return URLSpec(std::move(pattern), detail::handler_class<H>, nullptr, std::move(name));
}
// The same for a class with a nested struct Init: each handler's initialize(const Init&) gets
// `init`.
template <class H>
  requires detail::HasInit<H>
URLSpec url(std::string pattern, typename H::Init init = {}, std::string name = {}) {
  return URLSpec(std::move(pattern), detail::handler_class<H>,
                 std::make_shared<const typename H::Init>(std::move(init)), std::move(name));
}

// ---- Application --------------------------------------------------------------------------------

// Tornado's application settings, by their names there.
struct Settings {
  Settings() {}

  // Development mode: error pages show the exception.
  bool debug = false;
  // Error pages show the exception; unset: as debug.
  std::optional<bool> serve_traceback;
  // Called instead of the access log, once a request has finished.
  tornado::detail::Function<void(const RequestHandler&)> log_function;
  // Whatever else the program wants to find in settings().
  std::map<std::string, std::string, std::less<>> extra;
};

// Routes, settings, and what serves a request. It must outlive the servers that use it; listen()'s
// belong to it.
class Application : public httputil::HTTPServerConnectionDelegate {
 public:
  // Routes are tried in order; the first that matches wins. A name that is used twice means the
  // last route of that name, with a warning.
  explicit Application(std::vector<URLSpec> handlers = {}, Settings settings = {});
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;
  ~Application() override;

  // Makes an HTTPServer for this application that listens on `port` (0: any free one), on the
  // current loop. An empty address means every interface. Throws std::system_error, and
  // std::invalid_argument for a number that is no port. The server lives as long as the
  // application. To use it, or to give options, include <tornado/httpserver.h>.
  httpserver::HTTPServer& listen(int port, const std::string& address = {});
  httpserver::HTTPServer& listen(int port, const std::string& address,
                                 const httpserver::HTTPServerOptions& options);

  const Settings& settings() const noexcept;

  // The path of the route `name`, with `args` put in place of its groups, percent-encoded. Throws
  // std::out_of_range for an unknown name, std::invalid_argument for another number of arguments or
  // a pattern that cannot be reversed.
  template <class... Args>
  std::string reverse_url(std::string_view name, const Args&... args) const {
    return reverse(name, {text_of(args)...});
  }

  // Writes the access log's line: status, method, URI, client, milliseconds. Called for each
  // request once it has finished.
  virtual void log_request(const RequestHandler& handler);

  std::unique_ptr<httputil::HTTPMessageDelegate> start_request(
      const void* server_connection,
      std::shared_ptr<httputil::HTTPConnection> request_connection) override;

 private:
  template <class T>
  static std::string text_of(const T& value) {
    if constexpr (std::is_arithmetic_v<T>) {
      return std::to_string(value);
    } else {
      return std::string(value);
    }
  }
  std::string reverse(std::string_view name, std::vector<std::string> args) const;

  tornado::detail::Ref<detail::ApplicationState> state_;
  std::vector<std::unique_ptr<httpserver::HTTPServer>> servers_;
};

// ---- RequestHandler -----------------------------------------------------------------------------

// One request being answered. Derive from it and give it verbs:
//
//   struct StoryHandler : web::RequestHandler {
//     void get(int story_id);                    // finished when it returns
//     Future<void> post(std::string slug);       // a coroutine: finished when it ends
//     web::asynchronous put(std::string slug);   // open until finish() is called
//   };
//
// Verbs are get, head, post, delete_, patch, put and options, found by name, and any_method for
// every method the class has no verb for. Without that, such a method answers 405. In this order: a
// new object for each request; initialize(const Init&), if the class has an Init; prepare(), which
// may be a coroutine too and is found by name like a verb; unless that has finished the request,
// the verb; on_finish().
//
// The body is collected, and a form in it is read, before anything of the handler runs. A class
// that has data_received takes the body itself, piece by piece (Tornado: @stream_request_body):
//
//   struct UploadHandler : web::RequestHandler {
//     void prepare();                                 // when the head is in; nothing is read yet
//     Future<void> data_received(std::string chunk);  // or void data_received(std::string_view)
//     void put();                                     // when the body is complete
//   };
//
// Nothing more is read from the client before the future of prepare() or of data_received() is
// done. prepare() may set the request's own limits (request.connection->set_max_body_size(),
// set_body_timeout()), or answer: then the body is not read, a client that waits with its body
// (Expect: 100-continue) is not asked for it, and the connection is closed behind the answer. If
// the client leaves before the body is complete, on_connection_close() is called and the verb is
// not. A piece is at most the server's chunk_size.
//
// An exception that leaves initialize(), prepare(), data_received() or a verb becomes an error
// page: HTTPError its own, any other 500. So does one that leaves a callback they started, as long
// as the response is not finished: all of them run in the handler's own context
// (tornado/stack_context.h), which follows timers, futures, fetches and whatever else the loop
// keeps for later. After finish() it is only logged.
//
// A handler lives until it has finished, none of its coroutines runs, and nothing is left that will
// run in its context: `[this]` is safe in such callbacks, whatever the client does. When the client
// leaves, on_connection_close() is called; what is written afterwards is dropped, and finish() only
// ends the handler. Callbacks that the program keeps by itself, in a list of those who wait, say,
// are not known to the loop: wrap them with stack_context::wrap(), or see on_connection_close().
//
// Only Application makes handlers; a constructor called by anybody else throws std::logic_error.
class RequestHandler : public tornado::detail::Pooled {
 public:
  RequestHandler(const RequestHandler&) = delete;
  RequestHandler& operator=(const RequestHandler&) = delete;

  // The request, and the application that serves it. Valid as long as the handler.
  httputil::HTTPServerRequest& request;
  Application& application;
  const Settings& settings() const noexcept;

  // The route's captures, percent-decoded ("+" stays).
  const PathArgs& path_args() const noexcept { return path_args_; }

  // ---- hooks
  // Before the verb, whichever it is. Hide it with `void prepare()` or `Future<void> prepare()`.
  void prepare() {}
  // After the response was handed over, exactly once, also if the client left first. A handler that
  // never finishes gets it when it goes: with its application. No output is possible any more.
  virtual void on_finish() {}
  // The client has left, or has shut down its sending side, before the response was finished. Comes
  // once, and not after finish(). Without a method of its own, a handler that answers later
  // (web::asynchronous) waits for its finish() all the same: somebody may still hold `this`. One
  // that has it says that it takes `this` from wherever the program has put it: the handler goes
  // when its connection has, and the callbacks that run in its context.
  virtual void on_connection_close() { held_without_client_ = true; }
  // At the start, and again before an error page: headers that every response has.
  virtual void set_default_headers() {}
  // The body of an error page. The default is a small HTML page; with serve_traceback, the
  // exception's text. Does not change the status by itself.
  virtual void write_error(int status_code, const ErrorInfo& info);
  // What is logged of an exception: an HTTPError's log_message as a warning, others as an error.
  virtual void log_exception(const std::exception_ptr& exception);

  // ---- output
  // Appends to the response; nothing is sent before flush() or finish(). Throws std::runtime_error
  // after finish().
  void write(std::string_view chunk);
  void write(const char* chunk) { write(std::string_view(chunk)); }
  void write(std::nullptr_t) = delete;
  // A JSON object (include <tornado/json.h>); sets Content-Type. Any other JSON value throws
  // std::invalid_argument, as a list at the top can be read by other sites in old browsers.
  template <class J>
    requires requires(const J& value) { tornado::detail::JsonText<J>::object_text(value); }
  void write(const J& value) {
    write_json(tornado::detail::JsonText<J>::object_text(value));
  }

  // Sends what was written so far; the first call sends the headers. Without a Content-Length the
  // body is chunked. The future is flow control: done when the connection can take more, failed
  // with StreamClosedError when the client has gone.
  Future<void> flush();
  // Completes the response, with `chunk` written first: Etag, 304 if the client has this version,
  // Content-Length. Throws std::runtime_error when called twice.
  Future<void> finish();
  Future<void> finish(std::string_view chunk);
  template <class J>
    requires requires(const J& value) { tornado::detail::JsonText<J>::object_text(value); }
  Future<void> finish(const J& value) {
    write(value);
    return finish();
  }
  bool finished() const noexcept { return finished_; }

  // Sends the browser to `url` with 302, 301 if `permanent`, or the 3xx given, and finishes.
  void redirect(std::string_view url, bool permanent = false, int status = 0);
  // Drops what was written, and finishes with an error page. After the headers have gone it only
  // ends the response.
  void send_error(int status_code = 500, const ErrorInfo& info = {});

  void set_status(int status_code, std::string_view reason = {});
  int get_status() const noexcept { return status_line_.code; }

  // Throws std::invalid_argument for a name that is not a token or a value with control characters:
  // nobody's text can add a header line.
  void set_header(std::string_view name, std::string_view value);
  template <std::integral N>
  void set_header(std::string_view name, N value) {
    set_header(name, std::string_view(std::to_string(value)));
  }
  void add_header(std::string_view name, std::string_view value);
  void clear_header(std::string_view name);
  // The headers as they will be sent.
  const httputil::HTTPHeaders& headers() const noexcept { return headers_; }
  // Forgets status, headers and body.
  void clear();

  // ---- Etag
  // The response's entity tag, quoted; nothing for none. The default is the SHA-1 of the body.
  virtual std::optional<std::string> compute_etag() const;
  void set_etag_header();
  // Whether the client's If-None-Match has the response's Etag.
  bool check_etag_header() const;

  // ---- input
  // The last value of an argument of the query or the form: UTF-8 (else 400), control characters
  // made blanks, stripped at both ends unless `strip` is false. Without a default a missing one is
  // a 400 (MissingArgumentError).
  std::string get_argument(std::string_view name, bool strip = true) const;
  std::string get_argument(std::string_view name, std::string_view fallback,
                           bool strip = true) const;
  std::string get_argument(std::string_view name, const char* fallback, bool strip = true) const {
    return get_argument(name, std::string_view(fallback), strip);
  }
  std::vector<std::string> get_arguments(std::string_view name, bool strip = true) const;
  // The same of the query only, and of the form only.
  std::string get_query_argument(std::string_view name, bool strip = true) const;
  std::string get_query_argument(std::string_view name, std::string_view fallback,
                                 bool strip = true) const;
  std::string get_query_argument(std::string_view name, const char* fallback,
                                 bool strip = true) const {
    return get_query_argument(name, std::string_view(fallback), strip);
  }
  std::vector<std::string> get_query_arguments(std::string_view name, bool strip = true) const;
  std::string get_body_argument(std::string_view name, bool strip = true) const;
  std::string get_body_argument(std::string_view name, std::string_view fallback,
                                bool strip = true) const;
  std::string get_body_argument(std::string_view name, const char* fallback,
                                bool strip = true) const {
    return get_body_argument(name, std::string_view(fallback), strip);
  }
  std::vector<std::string> get_body_arguments(std::string_view name, bool strip = true) const;

  // Application::reverse_url.
  template <class... Args>
  std::string reverse_url(std::string_view name, const Args&... args) const {
    return application.reverse_url(name, args...);
  }

 protected:
  RequestHandler();
  virtual ~RequestHandler();

 private:
  friend class detail::HandlerDelegate;
  class Ref;
  class Open;

  // Takes what callbacks throw. References to it are what keeps the handler.
  class Context final : public tornado::detail::Context {
   public:
    explicit Context(RequestHandler& handler) : handler_(handler) {}
    bool handle(const std::exception_ptr& exception) override;

   private:
    void unreferenced() noexcept override;
    RequestHandler& handler_;
  };

  void execute(detail::Verb verb, PathArgs captures);
  static Future<void> execute_streaming(Ref self, detail::Verb verb, PathArgs captures);
  static Future<void> take_data(Ref self, std::string chunk);
  void body_complete() noexcept;
  detail::Started begin(detail::Verb verb, PathArgs captures);
  const detail::VerbEntry& verb_entry() const noexcept;
  void run_verb();
  static Future<void> after_prepare(Ref self, Future<void> prepared);
  static Future<void> after_verb(Ref self, Future<void> answered);
  void handle_exception(const std::exception_ptr& exception) noexcept;
  void write_json(std::string text);
  void finish_headers();
  void end_connection() noexcept;
  void log_and_end();
  void call_on_finish() noexcept;
  void connection_closed() noexcept;
  std::string request_summary() const;
  std::string allowed_methods() const;
  std::string argument(const httputil::Arguments& source, std::string_view name, bool strip) const;
  std::string argument(const httputil::Arguments& source, std::string_view name,
                       std::string_view fallback, bool strip) const;
  std::vector<std::string> arguments(const httputil::Arguments& source, std::string_view name,
                                     bool strip) const;

  tornado::detail::Ref<detail::ApplicationState> state_;
  std::unique_ptr<detail::OwnedRequest> request_;
  const detail::HandlerClass* handler_class_ = nullptr;
  PathArgs path_args_;
  httputil::HTTPHeaders headers_;
  std::string write_buffer_;
  httputil::ResponseStartLine status_line_;
  std::unique_ptr<Open> open_;  // keeps an asynchronous handler until finish()
  Context context_{*this};
  detail::Verb verb_ = detail::Verb::kAny;
  bool headers_written_ = false;
  bool finished_ = false;
  bool on_finish_called_ = false;
  bool held_without_client_ = false;  // on_connection_close() left it to finish()
};

}  // namespace tornado::web
