// Public header: Application, RequestHandler and what handlers throw. Mirrors tornado.web.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/context.h>
#include <tornado/core/current_user.h>
#include <tornado/core/function.h>
#include <tornado/core/handler_class.h>
#include <tornado/core/json_text.h>
#include <tornado/core/pointers.h>
#include <tornado/core/signed_value.h>
#include <tornado/core/transforms.h>
#include <tornado/core/web_errors.h>
#include <tornado/core/wrong_arguments.h>
#include <tornado/httputil.h>
#include <tornado/routing.h>

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
namespace tornado::iostream {
class IOStream;
}
namespace tornado::locale {
class Locale;
}

namespace tornado::template_ {
class BaseLoader;
class Namespace;
}  // namespace tornado::template_

namespace tornado::websocket {
class WebSocketHandler;
}

namespace tornado::web {

class Application;
class RequestHandler;

// ---- routes -------------------------------------------------------------------------------------

namespace detail {
class HandlerDelegate;
struct SessionState;
struct Construction;
struct OwnedRequest;
struct RouteParams;
struct ApplicationState;
class PageModules;
class UIMethod;
struct UIModuleClass;
struct XsrfToken;
}  // namespace detail

using routing::Rule;
// Tornado has a class of its own for rules of a path and a handler class. Made by url().
using URLSpec = routing::Rule;

// Handler class H as what a Rule leads to, and as a setting.
template <class H>
  requires(!detail::HasInit<H>)
routing::RuleTarget handler() {
  return {detail::handler_class<H>, nullptr};
}
// The same for a class with a nested struct Init: each handler's initialize(const Init&) gets
// `init`.
template <class H>
  requires detail::HasInit<H>
routing::RuleTarget handler(typename H::Init init = {}) {
  return {detail::handler_class<H>, std::make_shared<const typename H::Init>(std::move(init))};
}

// A route to handler class H. `pattern` is what PathMatches takes: a regular expression for the
// whole path as sent. Its groups become the verb's arguments, decoded and converted to the
// parameters' types; text that does not convert is a 404. Throws std::invalid_argument if the
// pattern is no regular expression, or if a verb of H takes another number of arguments than the
// pattern has groups. Tornado: url, which is URLSpec.
template <class H>
  requires(!detail::HasInit<H>)
URLSpec url(const std::string& pattern, std::string name = {}) {
  return {pattern, handler<H>(), std::move(name)};
}
template <class H>
  requires detail::HasInit<H>
URLSpec url(const std::string& pattern, typename H::Init init = {}, std::string name = {}) {
  return {pattern, handler<H>(std::move(init)), std::move(name)};
}

// ---- Application --------------------------------------------------------------------------------

namespace detail {
class StaticRoute;
}
// Made by static_handler() in <tornado/static_file_handler.h>.
using StaticHandlerClass = std::shared_ptr<const detail::StaticRoute>;

// Tornado's application settings, by their names there.
struct Settings {
  Settings();

  // Development mode: turns on the next two.
  bool debug = false;
  // The program starts itself anew when it is built anew (tornado/autoreload.h); unset: as debug.
  std::optional<bool> autoreload;
  // Error pages show the exception, and both they and the log the calls that led to its throw.
  // Lines are named in a build with debug information (-g). Unset: as debug.
  std::optional<bool> serve_traceback;
  // The host that add_handlers() takes for this one when the request's name is none of those.
  std::string default_host;
  // Answers requests that no route matches: web::handler<H>(init). Without it, a 404 page. Tornado:
  // default_handler_class and default_handler_args.
  std::optional<routing::RuleTarget> default_handler_class;
  // Compresses responses that are worth it, for clients that take it: GZipContentEncoding.
  bool compress_response = false;
  // Called instead of the access log, once a request has finished.
  core::Function<void(const RequestHandler&)> log_function;

  // The key of signed cookies, or several by version; those are signed with key_version's.
  CookieSecret cookie_secret;
  std::optional<int> key_version;
  // Where web::authenticated sends those who have not logged in.
  std::string login_url;
  // Refuses every request that is not GET, HEAD or OPTIONS without the token of its cookie.
  bool xsrf_cookies = false;
  int xsrf_cookie_version = 2;  // or 1: the same text in every response
  CookieOptions xsrf_cookie_kwargs;
  std::string xsrf_cookie_name = "_xsrf";

  // The files of this folder are served below static_url_prefix, and as /favicon.ico and
  // /robots.txt: before all other routes. Empty: no files.
  std::string static_path;
  std::string static_url_prefix = "/static/";
  // Serves them: web::static_handler<H>(init). Without it, StaticFileHandler. Tornado:
  // static_handler_class and static_handler_args.
  StaticHandlerClass static_handler_class;
  // Whether the versions of unchanged files are kept; unset: unless debug.
  std::optional<bool> static_hash_cache;

  // WebSockets: seconds between pings, 0 for none; seconds to wait for the answer, at most, and if
  // 0, as many; bytes of a message (10 MiB).
  double websocket_ping_interval = 0;
  double websocket_ping_timeout = 0;
  std::size_t websocket_max_message_size = 10'485'760;

  // The folder of render()'s templates; empty: the current directory.
  std::string template_path;
  // Loads the templates, instead of a Loader for template_path.
  std::shared_ptr<template_::BaseLoader> template_loader;
  // The function that escapes what templates show; nullopt: none. With a template_loader, its own.
  std::optional<std::string> autoescape = "xhtml_escape";
  // What becomes of the templates' white space: "all", "single" or "oneline". Empty: "single" in
  // files that end in .html or .js, "all" in others.
  std::string template_whitespace;
  // Templates are compiled once, not for every request. Unset: unless debug.
  std::optional<bool> compiled_template_cache;
  // What templates have besides render()'s names: {{"Entry", web::ui_module<EntryModule>}} and
  // {{"shout", web::ui_method(function)}} (include <tornado/uimodule.h>).
  std::map<std::string, const detail::UIModuleClass*, std::less<>> ui_modules;
  std::map<std::string, std::shared_ptr<const detail::UIMethod>, std::less<>> ui_methods;

  // Whatever else the program wants to find in settings().
  std::map<std::string, std::string, std::less<>> extra;

  // Whether the setting with this name is given: a member above, or one of `extra`.
  bool has(std::string_view name) const;
};

// Routes, settings, and what serves a request. It must outlive the servers that use it; listen()'s
// belong to it. It is a router: a rule of another one may lead to it.
class Application : public routing::ReversibleRouter {
 public:
  // Routes are tried in order; the first that matches wins. Besides url<H>(), a Rule may lead to
  // another application, a router, a function of HTTPServerRequest, or a list of more rules. A name
  // that is used twice means the last route of that name, with a warning.
  explicit Application(std::vector<Rule> handlers = {}, Settings settings = {});
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;
  ~Application() override;

  // Routes for hosts whose name matches the regular expression, tried before those for all, in the
  // order of these calls. If none of them matches, the others are tried. With the setting
  // default_host, they also are the last routes of every host, if that name matches.
  void add_handlers(const std::string& host_pattern, std::vector<Rule> host_handlers);

  // Every response goes through a T from now on, made with its request: T(const
  // HTTPServerRequest&), derived from OutputTransform. The first one added comes first.
  template <std::derived_from<OutputTransform> T>
  void add_transform() {
    add_transform(
        [](const httputil::HTTPServerRequest& request) -> std::unique_ptr<OutputTransform> {
          return std::make_unique<T>(request);
        });
  }
  // The same with a function that makes it.
  using MakeTransform =
      core::Function<std::unique_ptr<OutputTransform>(const httputil::HTTPServerRequest&)>;
  void add_transform(MakeTransform make);

  // Makes an HTTPServer for this application that listens on `port` (0: any free one), on the
  // current loop. An empty address means every interface. Throws std::system_error, and
  // std::invalid_argument for a number that is no port. The server lives as long as the
  // application. To use it, or to give options, include <tornado/httpserver.h>.
  httpserver::HTTPServer& listen(int port, const std::string& address = {}) &;
  httpserver::HTTPServer& listen(int port, const std::string& address,
                                 const httpserver::HTTPServerOptions& options) &;
  // An application without a name would be gone in the same line.
  template <class... Args>
  void listen(Args&&...) && = delete;

  const Settings& settings() const noexcept;

  // The path of the route `name`, with `args` put in place of its groups, percent-encoded. Throws
  // std::out_of_range for an unknown name, std::invalid_argument for another number of arguments or
  // a pattern that cannot be reversed.
  template <class... Args>
  std::string reverse_url(std::string_view name, const Args&... args) const {
    return require_path(name, reverse(name, {text_of(args)...}));
  }
  std::optional<std::string> reverse(std::string_view name,
                                     const std::vector<std::string>& args) const override;

  // Writes the access log's line: status, method, URI, client, milliseconds. Called for each
  // request once it has finished.
  virtual void log_request(const RequestHandler& handler);

  // Answers a request that came another way, such as through an HTTPServer of a function. The
  // handler is not told when that client leaves. A handler that cannot be made, and a function that
  // throws, are logged and close the connection. Throws std::invalid_argument for a request without
  // one.
  void operator()(httputil::HTTPServerRequest request);
  // Who answers the request; never null, as there is a handler for what no route matches.
  std::unique_ptr<httputil::HTTPMessageDelegate> find_handler(
      const httputil::HTTPServerRequest& request) override;
  // A handler of class H for the request, whatever its path is. For routers of the program's own.
  template <class H, class... Init>
  std::unique_ptr<httputil::HTTPMessageDelegate> get_handler_delegate(
      const httputil::HTTPServerRequest& request, PathArgs path_args = {}, Init... init) {
    return delegate_for(request, handler<H>(std::move(init)...), std::move(path_args));
  }
  std::unique_ptr<httputil::HTTPMessageDelegate> start_request(
      const void* server_connection,
      std::shared_ptr<httputil::HTTPConnection> request_connection) override;

 private:
  friend class RequestHandler;
  friend class detail::HandlerDelegate;

  static std::string require_path(std::string_view name, std::optional<std::string> path);
  std::unique_ptr<httputil::HTTPMessageDelegate> delegate_for(
      const httputil::HTTPServerRequest& request, routing::RuleTarget target, PathArgs path_args);

  core::Ref<detail::ApplicationState> state_;
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
// every method the class has no verb for. Without that, such a method answers 405. So does, in a
// class that has a list of names `static constexpr std::array<std::string_view, N>
// SUPPORTED_METHODS`, a method that is not on it. Before its captures a verb may take conditions,
// which are Tornado's decorators: `void get(web::addslash, std::string name)`. In this order: a
// new object for each request; initialize(), if the class has one, with its const Init& if it has
// that; prepare(), which may be a coroutine too and is found by name like a verb; unless that has
// finished the request, the verb; on_finish().
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
class RequestHandler : public core::Pooled {
 public:
  RequestHandler(const RequestHandler&) = delete;
  RequestHandler& operator=(const RequestHandler&) = delete;

  // Valid as long as the handler.
  httputil::HTTPServerRequest& request;
  const Settings& settings() const noexcept;
  // The application that serves the request. It may go before the handler does: while a coroutine
  // waits, or before an on_finish() that comes with the end of the loop. What the handler has for
  // itself, such as settings() and reverse_url(), stays.
  Application& application;

  // The route's captures, in order, percent-decoded ("+" stays); and those of named groups by name.
  const PathArgs& path_args() const noexcept;
  const PathKwargs& path_kwargs() const noexcept;

  // Throws std::runtime_error, which names both, if the application does not have this setting.
  void require_setting(std::string_view name, std::string_view feature = "this feature") const;

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
  // A verb that is still writing ends at its next flush(). One that waits for something else ends
  // if this cancels what it waits for. Neither is an error: from now on a StreamClosedError or
  // CancelledError that leaves the handler ends it, and is not logged.
  virtual void on_connection_close() { held_without_client_ = true; }
  // At the start, and again before an error page: headers that every response has.
  virtual void set_default_headers() {}
  // The body of an error page. The default is a small HTML page; with serve_traceback, the
  // exception's text and its traceback. Does not change the status by itself.
  virtual void write_error(int status_code, const ErrorInfo& info);
  // Text of a request as UTF-8: captures of the path, and arguments; `name` is the argument's or
  // the group's. The default throws HTTPError(400) for what is not.
  virtual std::string decode_argument(std::string_view value, std::string_view name = {}) const;
  // What is logged of an exception: an HTTPError's log_message as a warning, others as an error.
  virtual void log_exception(const std::exception_ptr& exception);

  // ---- output
  // Appends to the response; nothing is sent before flush() or finish(). Throws std::runtime_error
  // after finish().
  void write(std::string_view chunk);
  void write(const char* chunk) { write(std::string_view(chunk)); }
  void write(std::nullptr_t) = delete;
  // A dict of Python is a json{{"id", 7}} here: bare braces would be a std::string_view.
  void write(std::initializer_list<detail::UseJson>) = delete;
  // A JSON object (include <tornado/json.h>); sets Content-Type. Any other JSON value throws
  // std::invalid_argument, as a list at the top can be read by other sites in old browsers.
  template <class J>
    requires requires(const J& value) { core::JsonText<J>::object_text(value); }
  void write(const J& value) {
    write_json(core::JsonText<J>::object_text(value));
  }

  // Sends what was written so far; the first call sends the headers. Without a Content-Length the
  // body is chunked. The future is flow control: done when the connection can take more, failed
  // with StreamClosedError when the client has gone.
  Future<void> flush();
  // Completes the response, with `chunk` written first: Etag, 304 if the client has this version,
  // Content-Length. Throws std::runtime_error when called twice.
  Future<void> finish();
  Future<void> finish(std::string_view chunk);
  Future<void> finish(std::nullptr_t) = delete;
  Future<void> finish(std::initializer_list<detail::UseJson>) = delete;
  template <class J>
    requires requires(const J& value) { core::JsonText<J>::object_text(value); }
  Future<void> finish(const J& value) {
    write(value);
    return finish();
  }
  bool finished() const noexcept { return finished_; }

  // Sends the browser to `url` with 302, 301 if `permanent`, or the 3xx given, and finishes.
  void redirect(std::string_view url, bool permanent = false, int status = 0);
  // Drops what was written, and finishes with an error page. After the headers have gone it only
  // ends the response. A write_error() that calls it again and again is stopped: the page is empty.
  // A status that cannot end a response, outside of 200 to 999, is logged and sent as 500. So it is
  // with an HTTPError of such a status.
  void send_error(int status_code = 500, const ErrorInfo& info = {});
  // Ends the handler without another word and hands over the connection, for another protocol:
  // what was flushed leaves first, what the client has sent behind the request can be read. The
  // server forgets the stream: closing it is the caller's. Throws StreamClosedError if the client
  // has gone. Include <tornado/iostream.h>.
  iostream::IOStream detach();

  // ---- templates (include <tornado/template.h>)
  // Finishes with a page: the template's, which finds `names` and get_template_namespace(), and
  // what its UI modules add to <head> and <body>.
  //
  //   render("story.html", {{"title", title}, {"rows", rows}});
  //
  // Throws template_::ParseError for a template that cannot be compiled, template_::RenderError for
  // what goes wrong in it, std::system_error if there is none; and std::runtime_error after
  // finish().
  Future<void> render(std::string_view template_name);
  Future<void> render(std::string_view template_name, const template_::Namespace& names);
  // The template's text, without the modules' additions.
  std::string render_string(std::string_view template_name);
  std::string render_string(std::string_view template_name, const template_::Namespace& names);
  // What its templates find: handler, request, current_user, locale, _, pgettext, static_url,
  // xsrf_form_html, reverse_url, modules, and the application's ui_methods. An override adds to it.
  virtual template_::Namespace get_template_namespace();
  // The folder of the templates: the setting template_path. The application keeps one loader for
  // each folder, which create_template_loader() makes: the setting template_loader, or a Loader.
  virtual std::string get_template_path() const;
  virtual std::shared_ptr<template_::BaseLoader> create_template_loader(
      const std::string& template_path) const;
  // The HTML for what the modules need, each called once if there is any.
  virtual std::string render_linked_js(const std::vector<std::string>& js_files);
  virtual std::string render_embed_js(const std::vector<std::string>& js_embed);
  virtual std::string render_linked_css(const std::vector<std::string>& css_files);
  virtual std::string render_embed_css(const std::vector<std::string>& css_embed);

  void set_status(int status_code, std::string_view reason = {});
  int get_status() const noexcept { return status_code_; }

  // Throws std::invalid_argument for a name that is not a token or a value with control characters:
  // nobody's text can add a header line.
  void set_header(std::string_view name, std::string_view value);
  template <std::integral N>
  void set_header(std::string_view name, N value) {
    set_header(name, std::string_view(std::to_string(value)));
  }
  // A time of std::chrono::system_clock, as HTTP writes it: "Sun, 27 Jan 2013 18:43:20 GMT".
  template <class Time>
    requires requires(const Time& time) { Time::clock::to_time_t(time); }
  void set_header(std::string_view name, const Time& time) {
    set_header(name, std::string_view(httputil::format_timestamp(Time::clock::to_time_t(time))));
  }
  void add_header(std::string_view name, std::string_view value);
  void clear_header(std::string_view name);
  // The headers as they will be sent.
  const httputil::HTTPHeaders& headers() const noexcept;
  // Forgets status, headers and body.
  void clear();

  // ---- Etag
  // The response's entity tag, quoted; nothing for none. The default is the SHA-1 of the body.
  virtual std::optional<std::string> compute_etag() const;
  void set_etag_header();
  // Whether the client's If-None-Match has the response's Etag.
  bool check_etag_header() const;

  // ---- input
  // The last value of an argument of the query or the form: control characters made blanks,
  // stripped at both ends unless `strip` is false. All its values must be UTF-8 (else 400). Without
  // a default a missing one is a 400 (MissingArgumentError). The default is text, or std::nullopt
  // for none.
  std::string get_argument(std::string_view name, bool strip = true) const;
  std::string get_argument(std::string_view name, std::string_view fallback,
                           bool strip = true) const;
  std::string get_argument(std::string_view name, const char* fallback, bool strip = true) const {
    return get_argument(name, std::string_view(fallback), strip);
  }
  std::optional<std::string> get_argument(std::string_view name, std::nullopt_t,
                                          bool strip = true) const;
  template <detail::NoText T>
  std::string get_argument(std::string_view name, T, bool strip = true) const = delete;
  std::vector<std::string> get_arguments(std::string_view name, bool strip = true) const;
  // The same of the query only, and of the form only.
  std::string get_query_argument(std::string_view name, bool strip = true) const;
  std::string get_query_argument(std::string_view name, std::string_view fallback,
                                 bool strip = true) const;
  std::string get_query_argument(std::string_view name, const char* fallback,
                                 bool strip = true) const {
    return get_query_argument(name, std::string_view(fallback), strip);
  }
  std::optional<std::string> get_query_argument(std::string_view name, std::nullopt_t,
                                                bool strip = true) const;
  template <detail::NoText T>
  std::string get_query_argument(std::string_view name, T, bool strip = true) const = delete;
  std::vector<std::string> get_query_arguments(std::string_view name, bool strip = true) const;
  std::string get_body_argument(std::string_view name, bool strip = true) const;
  std::string get_body_argument(std::string_view name, std::string_view fallback,
                                bool strip = true) const;
  std::string get_body_argument(std::string_view name, const char* fallback,
                                bool strip = true) const {
    return get_body_argument(name, std::string_view(fallback), strip);
  }
  std::optional<std::string> get_body_argument(std::string_view name, std::nullopt_t,
                                               bool strip = true) const;
  template <detail::NoText T>
  std::string get_body_argument(std::string_view name, T, bool strip = true) const = delete;
  std::vector<std::string> get_body_arguments(std::string_view name, bool strip = true) const;

  // Application::reverse_url, and Application::reverse.
  template <class... Args>
  std::string reverse_url(std::string_view name, const Args&... args) const {
    return Application::require_path(name, reverse(name, {Application::text_of(args)...}));
  }
  std::optional<std::string> reverse(std::string_view name,
                                     const std::vector<std::string>& args) const;
  // The URL of a file of the setting static_path, with its version: it may be kept for ever, as
  // another version has another URL. With the protocol and host of the request if `with_host`, or
  // by default if `include_host` is set. Throws std::runtime_error without the setting.
  std::string static_url(const std::string& path, std::optional<bool> with_host = std::nullopt,
                         bool include_version = true) const;
  bool include_host = false;

  // ---- cookies
  // Those of the request. What set_cookie() sets is not among them before the client sends it back.
  const httputil::Cookies& cookies() const { return request.cookies(); }
  std::optional<std::string> get_cookie(std::string_view name) const;
  std::string get_cookie(std::string_view name, std::string_view fallback) const;
  std::string get_cookie(std::string_view name, std::nullptr_t) const = delete;
  // Sends a cookie with the response, error pages included; the last one of a name wins. After the
  // headers have gone it has no effect. Throws std::invalid_argument if the name, the value or an
  // attribute has what would end it early: blanks, control characters, and in attributes ";". The
  // same for a name that begins with "__Secure-" or "__Host-" without secure(), and for "__Host-"
  // with another path than "/" or with a domain: browsers would drop the cookie.
  void set_cookie(std::string_view name, std::string_view value,
                  const CookieOptions& options = CookieOptions());
  // Makes the client forget a cookie; domain and path are those it was set with. Throws
  // std::invalid_argument if `options` say when it expires.
  void clear_cookie(std::string_view name, const CookieOptions& options = CookieOptions());
  // The same for every cookie of the request.
  void clear_all_cookies(const CookieOptions& options = CookieOptions());

  // A cookie that the client can read but not change: value, name and time are signed with the
  // setting cookie_secret; without that setting these throw std::runtime_error. It lives for
  // `expires_days`, and without them until the browser is closed. Unlike Tornado's it is HttpOnly
  // and SameSite=Lax, unless `options` say otherwise.
  void set_signed_cookie(std::string_view name, std::string_view value,
                         std::optional<double> expires_days = 30,
                         const CookieOptions& options = CookieOptions(),
                         int version = kDefaultSignedValueVersion);
  // The value of the request's signed cookie, if decode_signed_value() takes it.
  std::optional<std::string> get_signed_cookie(
      std::string_view name, double max_age_days = 31,
      int min_version = kDefaultSignedValueMinVersion) const;
  // The version of the key that the cookie says it was signed with; it is not checked.
  std::optional<int> get_signed_cookie_key_version(std::string_view name) const;
  // web::create_signed_value() with the settings' key.
  std::string create_signed_value(std::string_view name, std::string_view value,
                                  int version = kDefaultSignedValueVersion) const;
  // What the three were called before Tornado 6.3.
  template <class... Args>
  void set_secure_cookie(Args&&... args) {
    set_signed_cookie(std::forward<Args>(args)...);
  }
  template <class... Args>
  std::optional<std::string> get_secure_cookie(Args&&... args) const {
    return get_signed_cookie(std::forward<Args>(args)...);
  }
  std::optional<int> get_secure_cookie_key_version(std::string_view name) const {
    return get_signed_cookie_key_version(name);
  }

  // ---- user
  // Who sent the request; nobody unless a class says so:
  //
  //   web::CurrentUser get_current_user() override { return get_signed_cookie("user"); }
  //
  // It cannot wait. What has to, calls set_current_user() in prepare(). What templates see of it,
  // CurrentUser says.
  virtual CurrentUser get_current_user();
  // What get_current_user() said when it was first asked, or what was set.
  const CurrentUser& current_user();
  // The user as a T, until another is set. Throws HTTPError(403) if there is none, std::logic_error
  // if it is of another type.
  template <class T>
  const T& current_user() {
    const CurrentUser& user = current_user();
    if (!user) throw HTTPError(403);
    return user.as<T>();
  }
  void set_current_user(CurrentUser user);
  // Where to log in: the setting login_url. Throws std::runtime_error without it.
  virtual std::string get_login_url() const;
  // What web::authenticated does before a verb: nothing if there is a user. If there is none, GET
  // and HEAD are sent to get_login_url(), with where they wanted to go in `next` unless that URL
  // has a query, and Finish is thrown; others get HTTPError(403).
  void require_login();

  // ---- language
  // The language to answer in: what get_user_locale() says, else get_browser_locale(); or what was
  // set. Include <tornado/locale.h>.
  const tornado::locale::Locale& locale();
  void set_locale(const tornado::locale::Locale& locale);
  // What the user has chosen; null to ask the browser:
  //
  //   const locale::Locale* get_user_locale() override { return &locale::get(user().language); }
  virtual const tornado::locale::Locale* get_user_locale();
  // The one that fits the field Accept-Language best, and locale::get(fallback) without it.
  const tornado::locale::Locale& get_browser_locale(std::string_view fallback = "en_US") const;

  // ---- forged requests
  // The token that has to come back with requests that change something: as the argument _xsrf, or
  // in the field X-Xsrftoken or X-Csrftoken. Its cookie is set with this response if the request
  // had none. Valid as long as the handler.
  const std::string& xsrf_token();
  // Called before prepare(), if the setting xsrf_cookies is on and the method is not GET, HEAD or
  // OPTIONS. Throws HTTPError(403) unless the request has the token of its cookie.
  virtual void check_xsrf_cookie();
  // The token as a hidden field of a form.
  std::string xsrf_form_html();

 protected:
  RequestHandler();
  virtual ~RequestHandler();

  // Whether the body goes through transforms, of which any may change it.
  bool is_transformed() const noexcept;

  // Ends the handler, as finish() does, but sends and logs nothing: somebody else answers the
  // request.
  void leave_response();

 private:
  friend class detail::HandlerDelegate;
  friend class detail::PageModules;
  friend class websocket::WebSocketHandler;
  class Ref;
  class Open;
  struct Response;

  explicit RequestHandler(const detail::Construction& given);

  // Takes what callbacks throw. References to it are what keeps the handler.
  class Context final : public core::Context {
   public:
    explicit Context(RequestHandler& handler) : handler_(handler) {}
    bool handle(const std::exception_ptr& exception) override;

   private:
    void unreferenced() noexcept override;
    RequestHandler& handler_;
  };

  void execute(detail::Verb verb, routing::MatchParams params);
  static Future<void> execute_streaming(Ref self, detail::Verb verb, routing::MatchParams params);
  static Future<void> take_data(Ref self, std::string chunk);
  void body_complete() noexcept;
  detail::Started begin(detail::Verb verb, routing::MatchParams params);
  bool is_supported(std::string_view method) const noexcept;
  void take_params(routing::MatchParams params);
  const detail::VerbEntry& verb_entry() const noexcept;
  void run_verb();
  static Future<void> after_prepare(Ref self, Future<void> prepared);
  static Future<void> after_verb(Ref self, Future<void> answered);
  void handle_exception(const std::exception_ptr& exception) noexcept;
  void write_json(std::string text);
  Future<void> send(bool finishing);
  void transform_head(bool finishing);
  void finish_headers();
  std::shared_ptr<template_::BaseLoader> template_loader();
  void add_new_cookies();
  detail::SessionState& session_state();
  Response& response();
  void make_response();
  const detail::XsrfToken& raw_xsrf_token();
  const CookieSecret& cookie_secret() const;
  void end_connection() noexcept;
  void log_and_end();
  void stop_waiting() noexcept;
  void call_on_finish() noexcept;
  void connection_closed() noexcept;
  std::string request_summary() const;
  std::string allowed_methods() const;
  std::string argument(const httputil::Arguments& source, std::string_view name, bool strip) const;
  std::string argument(const httputil::Arguments& source, std::string_view name,
                       std::string_view fallback, bool strip) const;
  std::optional<std::string> argument(const httputil::Arguments& source, std::string_view name,
                                      std::nullopt_t, bool strip) const;
  std::vector<std::string> arguments(const httputil::Arguments& source, std::string_view name,
                                     bool strip) const;

  // Small, as there may be many that wait, and WebSockets. `request` is the handler's own.
  detail::Verb verb_ = detail::Verb::kAny;
  bool headers_written_ : 1 = false;
  bool finished_ : 1 = false;
  bool on_finish_called_ : 1 = false;
  bool held_without_client_ : 1 = false;  // on_connection_close() left it to finish()
  bool client_gone_ : 1 = false;
  bool upgraded_ : 1 = false;  // a WebSocket's handshake is done
  int status_code_ = 200;
  core::Ref<detail::ApplicationState> state_;
  const detail::HandlerClass* handler_class_ = nullptr;
  core::Owned<detail::RouteParams> params_;  // null: the route has no captures
  core::Owned<Response> response_;           // null: a WebSocket has given it up
  core::Owned<detail::SessionState> session_state_;
  Context context_{*this};
};

// ---- Server-Sent Events -------------------------------------------------------------------------

// One event of a text/event-stream, to be written and flushed (WHATWG HTML 9.2). Each line of
// `data`, however it ends, goes into a field of its own; the browser gets them joined with "\n".
// An empty `event` is the browser's "message"; an empty `id` leaves what it sends back as
// Last-Event-ID. Throws std::invalid_argument if `event` or `id` has a line break or a NUL:
// nobody's text can add a field or an event. Not in Tornado.
std::string server_sent_event(std::string_view data, std::string_view event = {},
                              std::string_view id = {});

}  // namespace tornado::web

#include <tornado/core/stock_handlers.h>
