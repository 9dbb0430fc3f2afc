// Public header: RequestHandler, Application and what handlers throw. Mirrors tornado.web.
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
#include <tornado/core/web_names.h>
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

namespace tornado::web {

// ---- RequestHandler -----------------------------------------------------------------------------

// Handles one request. Derive from it and implement verbs:
//
//   struct StoryHandler : web::RequestHandler {
//     void get(int story_id);                    // finished when it returns
//     Future<void> post(std::string slug);       // a coroutine: finished when it ends
//     web::asynchronous put(std::string slug);   // open until finish() is called
//   };
//
// Verbs are get, head, post, delete_, patch, put and options, found by name at compile time.
// any_method, if the class has it, handles every method that has no verb; without it, such a method
// gets a 405. A class may also restrict its methods with a list `static constexpr
// std::array<std::string_view, N> SUPPORTED_METHODS`; a method that is not listed gets a 405.
// Before its captures a verb may take conditions, which replace Tornado's decorators: `void
// get(web::addslash, std::string name)`.
//
// Each request gets a new object. Its hooks run in this order: initialize(), if the class has one,
// with the const Init& if it takes that; prepare(), which is found by name like a verb and may be a
// coroutine; the verb, unless prepare() finished the request; on_finish().
//
// The body is read completely, and a form in it parsed, before any of this runs. A class with
// data_received() receives the body itself, piece by piece (Tornado: @stream_request_body):
//
//   struct UploadHandler : web::RequestHandler {
//     void prepare();                                 // when the head is in; nothing is read yet
//     Future<void> data_received(std::string chunk);  // or void data_received(std::string_view)
//     void put();                                     // when the body is complete
//   };
//
// Reading from the client pauses until the future of prepare() or data_received() is done.
// prepare() may set limits for this request (request.connection->set_max_body_size(),
// set_body_timeout()), or respond at once. In that case the body is not read, a client that waits
// to be asked for it (Expect: 100-continue) is not asked, and the connection closes after the
// response. If the client leaves before the body is complete, on_connection_close() is called and
// the verb is not. A piece is at most the server's chunk_size.
//
// An exception that leaves initialize(), prepare(), data_received() or a verb becomes an error
// page: an HTTPError with its own status, any other exception with 500. So does an exception that
// leaves a callback they started, until the response is finished; after finish() it is only logged.
// This works because all of them run in the handler's own context (tornado/stack_context.h), which
// follows timers, futures, fetches and everything else the loop keeps for later.
//
// A handler lives until it has finished, its coroutines have ended, and no callback is left that
// will run in its context. So `[this]` is safe in such callbacks, whatever the client does. When
// the client leaves, on_connection_close() is called; later output is dropped, and finish() only
// ends the handler. The loop does not know callbacks that the program stores itself, such as a list
// of waiters: wrap them with stack_context::wrap(), or see on_connection_close().
//
// Only Application constructs handlers; the constructor throws std::logic_error for anyone else.
class RequestHandler : public core::Pooled {
 public:
  RequestHandler(const RequestHandler&) = delete;
  RequestHandler& operator=(const RequestHandler&) = delete;

  // The request, and the application's settings. Valid as long as the handler.
  httputil::HTTPServerRequest& request;
  const Settings& settings() const noexcept;
  // The application that serves the request. It may be destroyed before the handler: while a
  // coroutine waits, or before an on_finish() that is called as the loop ends. The handler's own
  // functions, such as settings() and reverse_url(), keep working.
  Application& application;

  // Return the route's captures, percent-decoded ("+" stays): all in order, and named groups by
  // name.
  const PathArgs& path_args() const noexcept;
  const PathKwargs& path_kwargs() const noexcept;

  // Throws std::runtime_error, naming setting and feature, if the application lacks the setting.
  void require_setting(std::string_view name, std::string_view feature = "this feature") const;

  // ---- hooks
  // Called before any verb. Hide it with `void prepare()` or `Future<void> prepare()`.
  void prepare() {}
  // Called exactly once, after the response was handed over, even if the client left first. For a
  // handler that never finishes it is called when the handler is destroyed, together with its
  // application. Output is no longer possible.
  virtual void on_finish() {}
  // Called if the client leaves, or shuts down its sending side, before the response is finished.
  // Called at most once, and never after finish().
  //
  // Without an override, a handler that responds later (web::asynchronous) stays alive until its
  // finish(), because somebody may still hold `this`. An override promises to remove `this` from
  // wherever the program has stored it: the handler is then destroyed once its connection is gone
  // and no callback is left that runs in its context.
  //
  // A verb that is still writing ends at its next flush(). One that waits for something else ends
  // if the override cancels what it waits for. Neither is an error: from now on a StreamClosedError
  // or CancelledError that leaves the handler ends it and is not logged.
  virtual void on_connection_close() { held_without_client_ = true; }
  // Called once if the server shuts down (httpserver::HTTPServer::shutdown()) while the response is
  // not finished; if the request arrives during the shutdown, when its verb starts to wait. Does
  // nothing by default: the verb has until the end of the grace time. Override it to end a stream
  // or a long poll, which would not end by itself, by cancelling what the verb waits for: if a
  // CancelledError leaves the verb during the shutdown, a response that has begun is finished, and
  // any other is a 503. An exception that leaves on_shutdown() becomes the response, like a verb's.
  // For a WebSocket it is called before the close frame, so a last message can be sent.
  virtual void on_shutdown() {}
  // Returns whether the server is shutting down, so that a loop can end. False for a WebSocket, and
  // once the client has gone.
  bool shutting_down() const noexcept;
  // Called at the start, and again before an error page: sets headers that every response has.
  virtual void set_default_headers() {}
  // Writes the body of an error page. The default is a small HTML page or, with serve_traceback,
  // the exception's text and traceback. Does not change the status. For a JSONBodyError the default
  // is JSON in the form of RFC 9457:
  //
  //   {"title": "Unprocessable Entity", "status": 422,
  //    "errors": [{"pointer": "/items/3/price", "detail": "expected a number"}]}
  virtual void write_error(int status_code, const ErrorInfo& info);
  // Decodes text of the request, which must be UTF-8: captures of the path, and arguments. `name`
  // is that of the argument or group. The default throws HTTPError(400) for anything else.
  virtual std::string decode_argument(std::string_view value, std::string_view name = {}) const;
  // Logs an exception: an HTTPError's log_message as a warning, any other as an error.
  virtual void log_exception(const std::exception_ptr& exception);

  // ---- output
  // Appends to the response. Nothing is sent before flush() or finish(). Throws std::runtime_error
  // after finish().
  void write(std::string_view chunk);
  void write(const char* chunk) { write(std::string_view(chunk)); }
  void write(std::nullptr_t) = delete;
  // Where Python passes a dict, pass json{{"id", 7}}: bare braces would be a std::string_view.
  void write(std::initializer_list<detail::UseJson>) = delete;
  template <class N>
    requires std::is_arithmetic_v<N>
  void write(N number) = delete;  // write(std::to_string(number))
  // Writes a JSON object (include <tornado/json.h>) and sets Content-Type. A struct with a
  // TORNADO_FIELDS line, or with nlohmann's macros, is an object too. Throws std::invalid_argument
  // for any other JSON value, because in old browsers other sites can read a top-level list.
  template <class J>
    requires requires(const J& value) { core::JsonText<J>::object_text(value); }
  void write(const J& value) {
    write_json(core::JsonText<J>::object_text(value));
  }

  // Sends what has been written so far; the first call sends the headers. Without a Content-Length
  // the body is chunked. Await the future for flow control: it is done when the connection can take
  // more, and fails with StreamClosedError when the client has gone.
  concurrent::Sent flush();
  // Completes the response, after writing `chunk`. Sets Etag and Content-Length, and sends 304 if
  // the client already has this version. Throws std::runtime_error when called twice.
  concurrent::Sent finish();
  concurrent::Sent finish(std::string_view chunk);
  concurrent::Sent finish(std::nullptr_t) = delete;
  concurrent::Sent finish(std::initializer_list<detail::UseJson>) = delete;
  template <class J>
    requires requires(const J& value) { core::JsonText<J>::object_text(value); }
  concurrent::Sent finish(const J& value) {
    write(value);
    return finish();
  }
  // Returns true once the response is complete, so that nothing more can be written.
  bool finished() const noexcept { return finished_; }

  // Redirects to `url` with 302, with 301 if `permanent`, or with the 3xx given, and finishes.
  void redirect(std::string_view url, bool permanent = false, int status = 0);
  // Drops what was written, and finishes with an error page. Once the headers have gone it only
  // ends the response. If write_error() keeps calling it, the recursion is stopped and the page is
  // empty. A status that cannot end a response, outside of 200 to 599, is logged and sent as 500,
  // also if an HTTPError has it.
  void send_error(int status_code = 500, const ErrorInfo& info = {});
  // Ends the handler without sending anything more and returns the connection, for another
  // protocol. Flushed output leaves first; bytes that the client sent after the request can be read
  // from the stream. The caller owns the stream and closes it. Throws StreamClosedError if the
  // client has gone. Include <tornado/iostream.h>.
  iostream::IOStream detach();

  // ---- templates (include <tornado/template.h>)
  // Renders a template as the whole response and finishes. The template finds `names` and
  // get_template_namespace(); additions of its UI modules go into <head> and <body>.
  //
  //   render("story.html", {{"title", title}, {"rows", rows}});
  //
  // Throws template_::ParseError for a template that does not compile, template_::RenderError for
  // an error while it runs, std::system_error if the file cannot be read, and std::runtime_error
  // after finish().
  concurrent::Sent render(std::string_view template_name);
  concurrent::Sent render(std::string_view template_name,
                          const template_::Namespace& names);  // include <tornado/template.h>
  // Returns the template's text, without the additions of UI modules.
  std::string render_string(std::string_view template_name);
  std::string render_string(std::string_view template_name,
                            const template_::Namespace& names);  // include <tornado/template.h>
  // Returns the names that all templates of this handler find: handler, request, current_user,
  // locale, _, pgettext, static_url, xsrf_form_html, reverse_url, modules, and the application's
  // ui_methods. Override it to add more.
  virtual template_::Namespace get_template_namespace();
  // Returns the folder of the templates: the setting template_path. The application keeps one
  // loader per folder, made by create_template_loader(): the setting template_loader, or a Loader.
  virtual std::string get_template_path() const;
  virtual std::shared_ptr<template_::BaseLoader> create_template_loader(
      const std::string& template_path) const;
  // Return the HTML that includes the modules' files and code. Each is called once if there is any.
  virtual std::string render_linked_js(const std::vector<std::string>& js_files);
  virtual std::string render_embed_js(const std::vector<std::string>& js_embed);
  virtual std::string render_linked_css(const std::vector<std::string>& css_files);
  virtual std::string render_embed_css(const std::vector<std::string>& css_embed);

  // Sets the status of the response, 200 unless told otherwise. An empty reason means the usual one
  // of the code; one with control characters or "<" becomes "Unknown". Throws std::invalid_argument
  // if the code does not have three digits.
  void set_status(int status_code, std::string_view reason = {});
  int get_status() const noexcept { return status_code_; }

  // Set a header field of the response, add one beside those of that name, or remove these. Throw
  // std::invalid_argument if the name is not a token or the value has control characters, so that
  // untrusted text cannot add a header line.
  void set_header(std::string_view name, std::string_view value);
  template <std::integral N>
  void set_header(std::string_view name, N value) {
    set_header(name, std::string_view(std::to_string(value)));
  }
  // Sets a time of std::chrono::system_clock in HTTP's format: "Sun, 27 Jan 2013 18:43:20 GMT".
  template <class Time>
    requires requires(const Time& time) { Time::clock::to_time_t(time); }
  void set_header(std::string_view name, const Time& time) {
    set_header(name, std::string_view(httputil::format_timestamp(Time::clock::to_time_t(time))));
  }
  void add_header(std::string_view name, std::string_view value);
  void clear_header(std::string_view name);
  // Returns the headers as they will be sent.
  const httputil::HTTPHeaders& headers() const noexcept;
  // Resets status, headers and body.
  void clear();

  // ---- Etag
  // Returns the response's entity tag, quoted, or nullopt for none. The default: SHA-1 of the body.
  virtual std::optional<std::string> compute_etag() const;
  // Sets the field Etag to compute_etag(), unless it is set already. finish() calls it.
  void set_etag_header();
  // Returns whether the client's If-None-Match contains the response's Etag.
  bool check_etag_header() const;

  // ---- input
  // Returns the last value of an argument of the query or the form, with control characters
  // replaced by blanks and, unless `strip` is false, both ends stripped. All values of the argument
  // must be UTF-8 (else 400). A missing argument throws MissingArgumentError (400), or returns the
  // default if one is given: text, or std::nullopt for no value.
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
  // Returns all values of an argument, in order; empty if there are none.
  std::vector<std::string> get_arguments(std::string_view name, bool strip = true) const;
  // The same for the query only, and for the form only.
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

  // Returns the body, which is JSON, as a T: a struct with a TORNADO_FIELDS line, or what else
  // escape::json_decode<T>() reads (include <tornado/json.h>). Throws JSONBodyError: 400 if the
  // body is not JSON, 422 if it is not a T. The error page then names each wrong field. Whatever
  // the Content-Type says. Not in Tornado.
  template <class T>
  T get_json_body() const {
    T result{};
    using Use = std::conditional_t<true, void, T>;
    if (auto errors = core::JsonReading<Use>::read(request.body, result)) {
      throw JSONBodyError(std::move(errors));
    }
    return result;
  }

  // See Application::reverse_url and Application::reverse.
  template <class... Args>
  std::string reverse_url(std::string_view name, const Args&... args) const;
  std::optional<std::string> reverse(std::string_view name,
                                     const std::vector<std::string>& args) const;
  // Returns the URL of a file below the setting static_path, with its version. Clients may cache it
  // for ever, because a changed file has another URL. Includes the protocol and host of the request
  // if `with_host`; the default is `include_host`. Throws std::runtime_error without the setting.
  std::string static_url(const std::string& path, std::optional<bool> with_host = std::nullopt,
                         bool include_version = true) const;
  bool include_host = false;

  // ---- cookies
  // Returns the request's cookies. A cookie from set_cookie() appears once the client sends it
  // back.
  const httputil::Cookies& cookies() const { return request.cookies(); }
  // Returns the value of one of them; without it, nullopt or `fallback`.
  std::optional<std::string> get_cookie(std::string_view name) const;
  std::string get_cookie(std::string_view name, std::string_view fallback) const;
  std::string get_cookie(std::string_view name, std::nullptr_t) const = delete;
  // Sends a cookie with the response, error pages included; the last one of a name wins. Has no
  // effect after the headers have gone. Throws std::invalid_argument if the name, the value or an
  // attribute contains a character that would end it early: a blank, a control character, or in
  // attributes ";". Throws it too for names that browsers would reject: "__Secure-" or "__Host-"
  // without secure(), and "__Host-" with a domain or a path other than "/".
  void set_cookie(std::string_view name, std::string_view value,
                  const CookieOptions& options = CookieOptions());
  // Makes the client forget a cookie. Domain and path must be those it was set with. Throws
  // std::invalid_argument if `options` set an expiry.
  void clear_cookie(std::string_view name, const CookieOptions& options = CookieOptions());
  // Clears every cookie of the request.
  void clear_all_cookies(const CookieOptions& options = CookieOptions());

  // Sets a cookie that the client can read but not change: value, name and time are signed with the
  // setting cookie_secret. Throws std::runtime_error without that setting. The cookie lives for
  // `expires_days`; nullopt means until the browser is closed. Unlike Tornado's it is HttpOnly and
  // SameSite=Lax, unless `options` say otherwise.
  void set_signed_cookie(std::string_view name, std::string_view value,
                         std::optional<double> expires_days = 30,
                         const CookieOptions& options = CookieOptions(),
                         int version = kDefaultSignedValueVersion);
  // Returns the value of the request's signed cookie, if decode_signed_value() accepts it.
  std::optional<std::string> get_signed_cookie(
      std::string_view name, double max_age_days = 31,
      int min_version = kDefaultSignedValueMinVersion) const;
  // Returns the key version that the cookie names. The signature is not checked.
  std::optional<int> get_signed_cookie_key_version(std::string_view name) const;
  // Calls web::create_signed_value() with the key of the settings.
  std::string create_signed_value(std::string_view name, std::string_view value,
                                  int version = kDefaultSignedValueVersion) const;
  // The names of these functions before Tornado 6.3.
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
  // Returns the user who sent the request. The default is nobody; override it:
  //
  //   web::CurrentUser get_current_user() override { return get_signed_cookie("user"); }
  //
  // Synchronous. For an asynchronous lookup, call set_current_user() in prepare(). CurrentUser
  // describes what templates see of the user.
  virtual CurrentUser get_current_user();
  // Returns the user that was set, or else the result of get_current_user(), called only once.
  const CurrentUser& current_user();
  // Returns the user as a T, valid until another is set. Throws HTTPError(403) if there is no user,
  // and std::logic_error if it has another type.
  template <class T>
  const T& current_user() {
    const CurrentUser& user = current_user();
    if (!user) throw HTTPError(403);
    return user.as<T>();
  }
  // Sets the user for the rest of this request.
  void set_current_user(CurrentUser user);
  // Returns where to log in: the setting login_url. Throws std::runtime_error without it.
  virtual std::string get_login_url() const;
  // Does nothing if there is a user; web::authenticated calls it before a verb. Otherwise redirects
  // GET and HEAD to get_login_url() and throws Finish; the wanted URL goes along as `next`, unless
  // the login URL has a query. For other methods throws HTTPError(403).
  void require_login();

  // ---- language
  // Returns the language to respond in: the one that was set, else that of get_user_locale(), else
  // that of get_browser_locale(). Include <tornado/locale.h>.
  const tornado::locale::Locale& locale();
  void set_locale(const tornado::locale::Locale& locale);
  // Returns the language that the user has chosen, or null to ask the browser:
  //
  //   const locale::Locale* get_user_locale() override { return &locale::get(user().language); }
  virtual const tornado::locale::Locale* get_user_locale();
  // Returns the best match for Accept-Language; without that field, locale::get(fallback).
  const tornado::locale::Locale& get_browser_locale(std::string_view fallback = "en_US") const;

  // ---- XSRF
  // Returns the token that a request must send back if it changes something: as the argument _xsrf,
  // or in the field X-Xsrftoken or X-Csrftoken. Sets the cookie with this response if the request
  // had none. Valid as long as the handler.
  const std::string& xsrf_token();
  // Throws HTTPError(403) unless the request has the token of its cookie. Called before prepare()
  // if the setting xsrf_cookies is on and the method is not GET, HEAD or OPTIONS.
  virtual void check_xsrf_cookie();
  // Returns a form's hidden field with the token.
  std::string xsrf_form_html();

 protected:
  RequestHandler();
  virtual ~RequestHandler();

  // Returns whether the body goes through transforms, any of which may change it.
  bool is_transformed() const noexcept;

  // Ends the handler as finish() does, but sends and logs nothing, because other code sends the
  // response.
  void leave_response();

 private:
  friend class core::Ref<RequestHandler>;
  friend class detail::HandlerDelegate;
  friend class detail::PageModules;
  friend class websocket::WebSocketHandler;
  using Ref = core::Ref<RequestHandler>;
  class Open;
  struct Response;

  explicit RequestHandler(const detail::Construction& given);

  // A handler is shared by its connection's delegate, by its coroutines, and by everything that
  // will run in its context, which counts for all of them.
  void retain() noexcept { context_.retain(); }
  void release() noexcept { context_.release(); }

  // Receives the exceptions of callbacks.
  class Context final : public core::Context {
   public:
    explicit Context(RequestHandler& handler) : handler_(handler) {}
    bool handle(const std::exception_ptr& exception) override;
    const std::string* request_id() const override { return &handler_.request.request_id(); }

   private:
    void unreferenced() noexcept override;
    RequestHandler& handler_;
  };

  std::optional<Future<void>> execute(detail::Step step,
                                      routing::detail::Destination* found = nullptr) noexcept;
  void refuse(routing::detail::Destination& found, const HTTPError& error) noexcept;
  static Future<void> resume_after(Ref self, Future<void> coroutine, detail::Step next);
  std::optional<Future<void>> wait_for(detail::Started started, detail::Step next);
  bool pass_middleware();
  void accept_request(routing::MatchParams&& params);
  bool is_supported(std::string_view method) const noexcept;
  void take_params(routing::MatchParams&& params);
  const detail::VerbEntry& verb_entry() const noexcept;
  detail::Started call_verb();
  void stay_open();
  static Future<void> take_data(Ref self, std::string chunk);
  void handle_exception(const std::exception_ptr& exception) noexcept;
  void write_json(std::string_view text);
  Future<void> send(bool finishing);
  void transform_head(bool finishing);
  void finish_headers();
  void add_etag();
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
  void server_shuts_down() noexcept;
  std::string request_summary() const;
  std::string allowed_methods() const;
  std::string argument(const httputil::Arguments& source, std::string_view name, bool strip) const;
  std::string argument(const httputil::Arguments& source, std::string_view name,
                       std::string_view fallback, bool strip) const;
  std::optional<std::string> argument(const httputil::Arguments& source, std::string_view name,
                                      std::nullopt_t, bool strip) const;
  std::vector<std::string> arguments(const httputil::Arguments& source, std::string_view name,
                                     bool strip) const;

  // Kept small: many waiting handlers and WebSockets may exist. `request` is the handler's own.
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
  core::Owned<Response> response_;           // null: released by a WebSocket
  core::Owned<detail::SessionState> session_state_;
  Context context_{*this};
};

// ---- routes -------------------------------------------------------------------------------------

using routing::Rule;
// The type that url() returns: a rule with a path pattern and a handler class. Here it is Rule
// itself; Tornado has a class of its own.
using URLSpec = routing::Rule;

// Returns handler class H in the form that a Rule or a setting takes.
template <class H>
  requires detail::HasNoInit<H>
routing::RuleTarget handler() {
  if constexpr (detail::check_handler<H>()) return {detail::handler_class<H>, nullptr};
  detail::refused();
}
// The same for a class with a nested struct Init. `init` is passed to each handler's
// initialize(const Init&). It may be omitted if each member of Init has a default.
template <class H>
  requires detail::HasInit<H>
routing::RuleTarget handler(typename H::Init init = detail::default_init<typename H::Init>()) {
  if constexpr (detail::check_handler<H>())
    return {detail::handler_class<H>, std::make_shared<const typename H::Init>(std::move(init))};
  detail::refused();
}

// Explain why a class without a struct Init cannot take one.
template <class H>
  requires detail::HasNoInit<H>
routing::RuleTarget handler(detail::ThisHandlerHasNoStructInit) {
  detail::refused();
}
template <class H>
  requires detail::HasNoInit<H>
URLSpec url(const std::string&, detail::ThisHandlerHasNoStructInit, const std::string& = {}) {
  detail::refused();
}

// Makes a route to handler class H. `pattern` is a regular expression that must match the whole
// path as sent (see PathMatches). Its groups become the verb's arguments, percent-decoded and
// converted to the parameters' types; a capture that does not convert is a 404. Throws
// std::invalid_argument if the pattern is not a valid regular expression, or if the number of its
// groups differs from the number of arguments of a verb of H. Tornado: url, which is URLSpec.
template <class H>
  requires detail::HasNoInit<H>
URLSpec url(const std::string& pattern, std::string name = {}) {
  return {pattern, handler<H>(), std::move(name)};
}
template <class H>
  requires detail::HasInit<H>
URLSpec url(const std::string& pattern,
            typename H::Init init = detail::default_init<typename H::Init>(),
            std::string name = {}) {
  return {pattern, handler<H>(std::move(init)), std::move(name)};
}
// The same, with a warning.
template <class H>
  requires detail::HasNoInit<H> && detail::NearMiss<H>
[[deprecated(
    "this handler has a method that nothing calls: verbs are get, head, post, delete_, patch, put "
    "and options, hooks are initialize and prepare")]] URLSpec
url(const std::string& pattern, std::string name = {}) {
  return {pattern, handler<H>(), std::move(name)};
}
template <class H>
  requires detail::HasInit<H> && detail::NearMiss<H>
[[deprecated(
    "this handler has a method that nothing calls: verbs are get, head, post, delete_, patch, put "
    "and options, hooks are initialize and prepare")]] URLSpec
url(const std::string& pattern, typename H::Init init = detail::default_init<typename H::Init>(),
    std::string name = {}) {
  return {pattern, handler<H>(std::move(init)), std::move(name)};
}

// ---- Application --------------------------------------------------------------------------------

// Tornado's application settings, under the same names.
struct Settings {
  Settings();

  // Development mode: turns on the next two.
  bool debug = false;
  // Restarts the program when it has been rebuilt (tornado/autoreload.h). Unset: as debug.
  std::optional<bool> autoreload;
  // Error pages show the exception; they and the log also show the calls that led to the throw.
  // Line numbers need a build with debug information (-g). Unset: as debug.
  std::optional<bool> serve_traceback;
  // The host name to assume when the request's own matches no pattern of add_handlers().
  std::string default_host;
  // Handles requests that no route matches: web::handler<H>(init). Unset: a 404 page. Tornado:
  // default_handler_class and default_handler_args.
  std::optional<routing::RuleTarget> default_handler_class;
  // Compresses responses for clients that accept it, where it is worthwhile; see
  // GZipContentEncoding.
  bool compress_response = false;
  // Sees each request before its handler, and each response before it is sent
  // (<tornado/middleware.h>).
  std::vector<std::shared_ptr<Middleware>> middleware;
  // Called after each request has finished, instead of writing the access log. Not called once the
  // application is gone.
  core::Function<void(const RequestHandler&)> log_function;
  // Shows request.request_id() in each response's field X-Request-Id and in the access log. Not in
  // Tornado.
  bool request_ids = false;

  // The key that signs cookies, or several keys by version; key_version chooses the one that signs.
  CookieSecret cookie_secret;
  std::optional<int> key_version;
  // Where web::authenticated redirects users who have not logged in.
  std::string login_url;
  // Rejects every request other than GET, HEAD and OPTIONS that lacks its XSRF cookie's token.
  bool xsrf_cookies = false;
  int xsrf_cookie_version = 2;  // 1: the same token text in every response
  // Options of the XSRF cookie. Without an expiry, a logged-in user's cookie lasts 30 days.
  CookieOptions xsrf_cookie_kwargs;
  std::string xsrf_cookie_name = "_xsrf";  // the cookie's name

  // The folder whose files are served below static_url_prefix, and as /favicon.ico and /robots.txt.
  // Tried before all other routes. Empty: no files.
  std::string static_path;
  std::string static_url_prefix = "/static/";
  // The class that serves these files: web::static_handler<H>(init). Unset: StaticFileHandler.
  // Tornado: static_handler_class and static_handler_args.
  StaticHandlerClass static_handler_class;
  // Remembers the versions (hashes) of unchanged files. Unset: the opposite of debug.
  std::optional<bool> static_hash_cache;

  core::Seconds websocket_ping_interval = 0;  // seconds from one ping to the next; 0: no pings
  // The longest wait for a pong, in seconds; 0, and more than the ping interval: the interval.
  core::Seconds websocket_ping_timeout = 0;
  // A longer message closes its WebSocket.
  std::size_t websocket_max_message_size = 10'485'760;

  // The folder of the templates that render() loads. Empty: the current directory.
  std::string template_path;
  // Loads the templates. Null: a Loader for template_path.
  std::shared_ptr<template_::BaseLoader> template_loader;
  // The function that escapes what templates output; nullopt: no escaping. A template_loader has
  // its own setting instead.
  std::optional<std::string> autoescape = "xhtml_escape";
  // How templates treat white space: "all", "single" or "oneline". Empty: "single" for files that
  // end in .html or .js, "all" for others.
  std::string template_whitespace;
  // Compiles each template once rather than for every request. Unset: the opposite of debug.
  std::optional<bool> compiled_template_cache;
  // Names that templates find besides those passed to render(): {{"Entry",
  // web::ui_module<EntryModule>}} and {{"shout", web::ui_method(function)}} (include
  // <tornado/uimodule.h>).
  std::map<std::string, const detail::UIModuleClass*, std::less<>> ui_modules;
  std::map<std::string, std::shared_ptr<const detail::UIMethod>, std::less<>> ui_methods;

  // The program's own settings, to be found in settings().
  std::map<std::string, std::string, std::less<>> extra;

  // Returns whether the setting of this name is given, as a member above or in `extra`.
  bool has(std::string_view name) const;
};

// Routes, settings, and the code that serves a request. It must outlive the servers that use it,
// except those made by listen(), which it owns. An Application is also a router, so a rule of
// another one may lead to it.
class Application : public routing::ReversibleRouter {
 public:
  // Routes are tried in order; the first that matches wins. Besides url<H>(), a Rule may lead to
  // another application, a router, a function of HTTPServerRequest, or a list of more rules. If two
  // routes have the same name, the name means the last one, and a warning is logged.
  explicit Application(std::vector<Rule> handlers = {}, Settings settings = {});
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;
  ~Application() override;

  // Adds routes for hosts whose name matches the regular expression. They are tried before the
  // routes for all hosts, in the order of these calls; if none matches, the routes for all hosts
  // are tried. If the setting default_host matches `host_pattern`, they are also tried last for
  // every host, unless the request has the field X-Real-Ip.
  void add_handlers(const std::string& host_pattern, std::vector<Rule> host_handlers);

  // Sends every later response through a new T, constructed as T(const HTTPServerRequest&) and
  // derived from OutputTransform. Transforms run in the order they were added.
  template <std::derived_from<OutputTransform> T>
  void add_transform() {
    add_transform(
        [](const httputil::HTTPServerRequest& request) -> std::unique_ptr<OutputTransform> {
          return std::make_unique<T>(request);
        });
  }
  // The same with a function that makes the transform.
  using MakeTransform =
      core::Function<std::unique_ptr<OutputTransform>(const httputil::HTTPServerRequest&)>;
  void add_transform(MakeTransform make);

  // Makes an HTTPServer for this application, listening on `port` (0: any free one), on the current
  // loop. An empty address means every interface. Throws std::system_error if it cannot listen, and
  // std::invalid_argument if `port` is out of range. The server lives as long as the application.
  // To use the returned server, or to pass options, include <tornado/httpserver.h>.
  httpserver::HTTPServer& listen(int port, const std::string& address = {}) &;
  httpserver::HTTPServer& listen(int port, const std::string& address,
                                 const httpserver::HTTPServerOptions& options) &;
  // Deleted for a temporary application, which would be destroyed at the end of the statement.
  template <class... Args>
  void listen(Args&&...) && = delete;

  // Returns the settings that it was made with. Valid as long as the application.
  const Settings& settings() const noexcept;

  // Returns the path of the route `name`, with `args` percent-encoded in place of its groups.
  // Throws std::out_of_range for an unknown name, and std::invalid_argument if the number of
  // arguments is wrong or the pattern cannot be reversed. reverse() returns nullopt for an unknown
  // name.
  template <class... Args>
  std::string reverse_url(std::string_view name, const Args&... args) const {
    return require_path(name, reverse(name, {text_of(args)...}));
  }
  std::optional<std::string> reverse(std::string_view name,
                                     const std::vector<std::string>& args) const override;

  // Writes the line of the access log: status, method, URI, client, milliseconds. Called after each
  // request has finished.
  virtual void log_request(const RequestHandler& handler);

  // Handles a request that arrived another way, for example through an HTTPServer of a function.
  // The handler is not notified when that client leaves. If the handler cannot be made, or a
  // function throws, this is logged and the connection closed. Throws std::invalid_argument if the
  // request has no connection.
  void operator()(httputil::HTTPServerRequest request);
  // Finds the handler for a request. Never null: unmatched requests have a handler too.
  std::unique_ptr<httputil::HTTPMessageDelegate> find_handler(
      const httputil::HTTPServerRequest& request) override;
  // Returns a handler of class H for the request, whatever its path. For the program's own routers.
  template <class H, class... Init>
  std::unique_ptr<httputil::HTTPMessageDelegate> get_handler_delegate(
      const httputil::HTTPServerRequest& request, PathArgs path_args = {}, Init... init) {
    return delegate_for(request, handler<H>(std::move(init)...), std::move(path_args));
  }
  // Called by the server: returns what finds the handler once the head has arrived.
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

template <class... Args>
std::string RequestHandler::reverse_url(std::string_view name, const Args&... args) const {
  return Application::require_path(name, reverse(name, {Application::text_of(args)...}));
}

// ---- Server-Sent Events -------------------------------------------------------------------------

// Returns one event of a text/event-stream, to be written and flushed (WHATWG HTML 9.2). Each line
// of `data`, however it ends, becomes a field of its own; the browser joins them with "\n". An
// empty `event` is the browser's "message"; an empty `id` leaves the browser's Last-Event-ID as it
// is. Throws std::invalid_argument if `event` or `id` contains a line break or a NUL, so that
// untrusted text cannot add a field or an event. Not in Tornado.
std::string server_sent_event(std::string_view data, std::string_view event = {},
                              std::string_view id = {});

}  // namespace tornado::web

#include <tornado/core/stock_handlers.h>
