// Internal header, the last part of tornado/web.h: conditions of verbs, and handlers, that come
// with the library.
#pragma once

#include <tornado/web.h>

#include <string>

namespace tornado::web {

// ---- conditions of verbs ------------------------------------------------------------------------

// Those who have not logged in do not get here: require_login() answers them. Tornado:
// @authenticated.
//
//   void post(web::authenticated) { ... }
struct authenticated {
  static bool admits(RequestHandler& handler);
};

// A path without its final slash is redirected (301) to the one with it; but with GET and HEAD
// only, other methods answer 404. The route is "/docs/?". Tornado: @addslash.
//
//   void get(web::addslash) { ... }
struct addslash {
  static bool admits(RequestHandler& handler);
};
// The other way round: final slashes are taken off. "/" stays. Tornado: @removeslash.
struct removeslash {
  static bool admits(RequestHandler& handler);
};

// ---- handlers -----------------------------------------------------------------------------------

// Answers every method with the error page of a status. Tornado: ErrorHandler.
class ErrorHandler : public RequestHandler {
 public:
  struct Init {
    int status_code = 404;
  };
  void initialize(const Init& init) { set_status(init.status_code); }
  void prepare();
  void check_xsrf_cookie() override {}  // it changes nothing
};

// Sends GET requests elsewhere, with the query they have. In `url`, "{0}" stands for the first
// group of the route's pattern, "{}" for the next one, "{name}" for a named one, "{{" for "{"; and
// "" for the first, too. A group that is not there is a 500. Tornado: RedirectHandler.
//
//   web::url<web::RedirectHandler>("/pictures/(.*)", {.url = "/photos/{0}"})
class RedirectHandler : public RequestHandler {
 public:
  struct Init {
    std::string url;
    bool permanent = true;  // 301; else 302
  };
  void initialize(const Init& init) { init_ = init; }
  void get(const PathArgs& args);

 private:
  Init init_;
};

// Gives each request to a function, or coroutine, of HTTPServerRequest, which answers it through
// request.connection. There is no access log line, and no error page: what it throws is logged, and
// closes the connection. Without a function every request is a 500. Tornado: FallbackHandler.
class FallbackHandler : public RequestHandler {
 public:
  struct Init {
    httpserver::RequestCallback fallback;
  };
  void initialize(const Init& init);
  void prepare();

 private:
  httpserver::RequestCallback fallback_;
};

}  // namespace tornado::web
