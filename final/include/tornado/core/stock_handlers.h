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
  // Calls require_login(). Returns true, so that the verb runs, unless that throws.
  static bool admits(RequestHandler& handler);
};

// Redirects (301) a path without a final slash to the one with it, for GET and HEAD; other methods
// get a 404. The route is "/docs/?". Tornado: @addslash.
//
//   void get(web::addslash) { ... }
struct addslash {
  // Returns whether the path is right, so that the verb runs. Otherwise responds or throws.
  static bool admits(RequestHandler& handler);
};
// The opposite: removes final slashes. "/" stays. Tornado: @removeslash.
struct removeslash {
  // Returns whether the path is right, so that the verb runs. Otherwise responds or throws.
  static bool admits(RequestHandler& handler);
};

// ---- handlers -----------------------------------------------------------------------------------

// Responds to every method with the error page of a status. Tornado: ErrorHandler.
class ErrorHandler : public RequestHandler {
 public:
  struct Init {
    int status_code = 404;  // of every response
  };
  // Sets the status.
  void initialize(const Init& init) { set_status(init.status_code); }
  // Throws an HTTPError with the status.
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
    std::string url;        // where to, with groups of the route's pattern
    bool permanent = true;  // 301; else 302
  };
  // Keeps the destination for get().
  void initialize(const Init& init);
  // Puts the groups into the destination, adds the request's query, and redirects.
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
    httpserver::RequestCallback fallback;  // gets the requests; must not be empty
  };
  // Throws std::invalid_argument if there is no function.
  void initialize(const Init& init);
  // Ends this handler without a response, and passes its request on.
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
    core::Function<bool()> ready;  // called for each request; empty: always ready
  };
  // Keeps `ready` for get().
  void initialize(const Init& init);
  // Respond as described above, with Cache-Control: no-store.
  void get();
  void head() { get(); }

 private:
  core::Function<bool()> ready_;
};

}  // namespace tornado::web
