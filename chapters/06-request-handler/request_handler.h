// Answers one request (Tornado: tornado.web.RequestHandler). Derive from it.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "05-http/http_server.h"
#include "06-request-handler/escape.h"
#include "06-request-handler/url_spec.h"

namespace mini {

class Application;

// [error]
// Throw it to end the request with an error page. The message goes to the log, not to the client.
class HTTPError : public std::exception {
 public:
  explicit HTTPError(int status, std::string message = "");
  const char* what() const noexcept override { return what_.c_str(); }
  int status() const { return status_; }

 private:
  int status_;
  std::string what_;
};
// [/error]

// [life]
// One object for each request, and always this order: construction; initialize(), if the route has
// arguments for it; prepare(); the verb, unless prepare() has finished the response; finish(),
// unless it was called; on_finish(). An exception in initialize(), prepare() or the verb becomes an
// error page. initialize() must not finish the response: prepare() is called in any case.
// [/life]
class RequestHandler : public std::enable_shared_from_this<RequestHandler> {
 public:
  RequestHandler() = default;
  virtual ~RequestHandler() = default;
  RequestHandler(const RequestHandler&) = delete;
  RequestHandler& operator=(const RequestHandler&) = delete;

  // [verbs]
  // A verb that the handler does not override gets a 405.
  virtual void get(const PathArgs& args);
  virtual void head(const PathArgs& args);
  virtual void post(const PathArgs& args);
  virtual void put(const PathArgs& args);
  virtual void patch(const PathArgs& args);
  virtual void delete_(const PathArgs& args);
  virtual void options(const PathArgs& args);
  // [/verbs]

  // [hooks]
  // Called before the verb, whichever that is.
  virtual void prepare() {}
  // Called once, and last, when the response has been handed over.
  virtual void on_finish() {}
  // Sets headers that every response has, error pages included.
  virtual void set_default_headers() {}
  // Writes the body of an error page.
  virtual void write_error(int status);
  // [/hooks]

  // [output]
  // Appends to the response. Nothing leaves before finish(); after it, throws std::logic_error.
  void write(std::string_view chunk);
  // Hands the response over. Throws std::logic_error if called twice.
  void finish();
  void finish(std::string_view chunk);
  bool finished() const { return finished_; }

  void set_status(int status) { status_ = status; }
  int get_status() const { return status_; }
  void set_header(std::string_view name, std::string_view value) { headers_.set(name, value); }

  // Finishes the response with a redirect to `url`: 302, or 301 if the client may remember it.
  void redirect(std::string_view url, bool permanent = false);
  // Discards what was written, and finishes with an error page.
  void send_error(int status);
  // [/output]

  // [input]
  // Returns the last argument of this name, from the query or a form, without spaces around it. If
  // it is missing, returns `fallback`, or throws HTTPError(400) if there is none.
  std::string get_argument(std::string_view name) const;
  std::string get_argument(std::string_view name, std::string_view fallback) const;
  // Returns all arguments of this name.
  std::vector<std::string> get_arguments(std::string_view name) const;

  // Both are valid as long as the handler.
  const HTTPServerRequest& request() const { return *request_; }
  const Application& application() const { return *application_; }
  std::string reverse_url(std::string_view name, const PathArgs& args = {}) const;
  // [/input]

  // Takes a request through its whole life. For Application.
  void execute(const Application& application, std::shared_ptr<HTTPServerRequest> request,
               const URLSpec& route, const PathArgs& args);

 protected:
  // Finishes with the error page for this exception, or only logs it after the response. Call it in
  // callbacks that may throw.
  void handle_exception(const std::exception_ptr& error);
  HTTPServerRequest& mutable_request() { return *request_; }

  // Whether the response is finished when the verb returns. Chapter 07 turns it off.
  bool auto_finish_ = true;

 private:
  void clear();
  void call_verb(const PathArgs& args);

  const Application* application_ = nullptr;
  std::shared_ptr<HTTPServerRequest> request_;
  Arguments arguments_;
  int status_ = 200;
  HTTPHeaders headers_;
  std::string body_;
  bool finished_ = false;
};

}  // namespace mini
