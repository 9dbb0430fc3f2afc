// What answers one request (Tornado: tornado.web.RequestHandler). Derive from it.
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
// Ends the request with an error page. The message is for the log, and not for the client.
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
// One object for each request, and always in this order: it is made; initialize(), if its route has
// arguments for it; prepare(); unless that has finished the answer, the verb; finish(), unless that
// was called; on_finish(). What initialize(), prepare() or the verb throw becomes an error page.
// [/life]
class RequestHandler : public std::enable_shared_from_this<RequestHandler> {
 public:
  RequestHandler() = default;
  virtual ~RequestHandler() = default;
  RequestHandler(const RequestHandler&) = delete;
  RequestHandler& operator=(const RequestHandler&) = delete;

  // [verbs]
  // Those that a handler does not have answer 405.
  virtual void get(const PathArgs& args);
  virtual void head(const PathArgs& args);
  virtual void post(const PathArgs& args);
  virtual void put(const PathArgs& args);
  virtual void patch(const PathArgs& args);
  virtual void delete_(const PathArgs& args);
  virtual void options(const PathArgs& args);
  // [/verbs]

  // [hooks]
  // Before the verb, whichever it is.
  virtual void prepare() {}
  // The answer has been handed over. Once, always last.
  virtual void on_finish() {}
  // Headers that every answer has, error pages too.
  virtual void set_default_headers() {}
  // The body of an error page.
  virtual void write_error(int status);
  // [/hooks]

  // [output]
  // Appends to the answer. Nothing leaves before finish().
  void write(std::string_view chunk);
  // Hands the answer over. std::logic_error when called twice.
  void finish();
  void finish(std::string_view chunk);
  bool finished() const { return finished_; }

  void set_status(int status) { status_ = status; }
  int get_status() const { return status_; }
  void set_header(std::string_view name, std::string_view value) { headers_.set(name, value); }

  // Sends the client to `url` with 302, or 301 if it is to remember that, and finishes.
  void redirect(std::string_view url, bool permanent = false);
  // Forgets what was written, and finishes with an error page.
  void send_error(int status);
  // [/output]

  // [input]
  // The last argument of this name, of the query or of a form, without blanks around it. Without a
  // default a missing one is answered 400.
  std::string get_argument(std::string_view name) const;
  std::string get_argument(std::string_view name, std::string_view fallback) const;
  // All of this name.
  std::vector<std::string> get_arguments(std::string_view name) const;

  // Valid as long as the handler.
  const HTTPServerRequest& request() const { return *request_; }
  const Application& application() const { return *application_; }
  std::string reverse_url(std::string_view name, const PathArgs& args = {}) const;
  // [/input]

  // What serves a request. For Application.
  void execute(const Application& application, std::shared_ptr<HTTPServerRequest> request,
               const URLSpec& route, const PathArgs& args);

 protected:
  // Answers with the page of this error. For who calls what may throw.
  void handle_exception(const std::exception_ptr& error);
  HTTPServerRequest& mutable_request() { return *request_; }

  // Whether the answer is finished when the verb returns. Chapter 07 turns it off.
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
