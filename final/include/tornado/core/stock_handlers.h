// Internal header, the last part of tornado/web.h: the library's conditions of verbs, and its
// handlers.
#pragma once

#include <tornado/web.h>

#include <string>

namespace tornado::web {

// ---- conditions of verbs ------------------------------------------------------------------------

// Requires a user; otherwise require_login() responds. Tornado: @authenticated.
//
//   void post(web::authenticated) { ... }
struct authenticated {
  static bool admits(RequestHandler& handler);
};

// Redirects (301) a path without a final slash to the one with it, for GET and HEAD; other methods
// get a 404. The route is "/docs/?". Tornado: @addslash.
//
//   void get(web::addslash) { ... }
struct addslash {
  static bool admits(RequestHandler& handler);
};
// The opposite: removes final slashes. "/" stays. Tornado: @removeslash.
struct removeslash {
  static bool admits(RequestHandler& handler);
};

// ---- handlers -----------------------------------------------------------------------------------

// Responds to every method with the error page of a status. Tornado: ErrorHandler.
class ErrorHandler : public RequestHandler {
 public:
  struct Init {
    int status_code = 404;
  };
  void initialize(const Init& init) { set_status(init.status_code); }
  void prepare();
  void check_xsrf_cookie() override {}  // it changes nothing
};

// Redirects GET requests, and keeps their query. In `url`, "{0}" stands for the first group of the
// route's pattern, "{}" for the next one, "{name}" for a named one, and "{{" for "{"; "\1" also
// stands for the first group, and so on up to "\9". A group that does not exist gives a 500.
// Tornado: RedirectHandler.
//
//   web::url<web::RedirectHandler>("/pictures/(.*)", {.url = "/photos/{0}"})
class RedirectHandler : public RequestHandler {
 public:
  struct Init {
    std::string url;
    bool permanent = true;  // 301; else 302
  };
  void initialize(const Init& init);
  void get(const PathArgs& args);

 private:
  Init init_;
};

// Passes each request to a function or coroutine of HTTPServerRequest, which responds through
// request.connection. Writes no access log line and no error page: an exception is logged and
// closes the connection. Without a function, every request gets a 500. Tornado: FallbackHandler.
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

// Responds to the health checks of a load balancer or a container's runtime: 200 and "ok", or 503
// and "not ready" if `ready` returns false. Without `ready` it shows that the process runs and its
// loop is not blocked. Not in Tornado.
//
//   web::url<web::HealthHandler>("/health")
//   web::url<web::HealthHandler>("/ready", {.ready = [&server] { return !server.shutting_down();
//   }})
//
// A server that shuts down accepts no connections, so checks of readiness belong on a port of their
// own.
class HealthHandler : public RequestHandler {
 public:
  struct Init {
    core::Function<bool()> ready;
  };
  void initialize(const Init& init);
  void get();
  void head() { get(); }

 private:
  core::Function<bool()> ready_;
};

}  // namespace tornado::web
