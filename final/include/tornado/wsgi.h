// Public header. The gateway to synchronous applications, PEP 3333: WSGIContainer runs one, in
// Python or in C++, under HTTPServer; WSGIAdapter turns a web::Application into one. Mirrors
// tornado.wsgi; WSGIAdapter is Tornado 4's.
//
//   wsgi::PythonApplication flask("hello:app");           // needs tornado::wsgi, see below
//   wsgi::WSGIContainer container(flask);
//   web::Application app({
//       web::url<ClockHandler>("/clock"),                 // on the loop, never held up by Python
//       {".*", container},
//   });
//
// The hosted application runs on its own threads. A request occupies one of them from beginning to
// end, so an application with many long-waiting requests is better written with handlers.
#pragma once

#include <tornado/core/function.h>
#include <tornado/httputil.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

struct _object;  // CPython's PyObject

namespace tornado::concurrent {
class Executor;
}
namespace tornado::httpserver {
class RequestCallback;  // <tornado/httpserver.h>
}
namespace tornado::web {
class Application;
}

namespace tornado::wsgi {

// ---- the gateway --------------------------------------------------------------------------------

// The body of a request, complete before the application is called. A handle: copies share one read
// position. One thread at a time.
class Input {
 public:
  Input();
  explicit Input(std::string body);

  // Reads the next `size` bytes, fewer at the end, and "" after it. Throws std::system_error if a
  // body on disk cannot be read.
  std::string read(std::size_t size = std::numeric_limits<std::size_t>::max()) const;
  std::uint64_t size() const noexcept;  // of the whole body
  // Returns the descriptor of the unnamed file that holds the whole body; -1: it is in memory.
  int fileno() const noexcept;

 private:
  friend class BodyWriter;
  struct Body;
  std::shared_ptr<Body> body_;
};

// One request for an application (PEP 3333, "environ Variables"). Python's "wsgi.NAME" entries are
// members here.
struct Environ {
  // REQUEST_METHOD, SCRIPT_NAME, PATH_INFO, QUERY_STRING, HTTP_ACCEPT and so on, as bytes; Python
  // receives them as Latin-1 text.
  std::map<std::string, std::string, std::less<>> variables;
  std::string url_scheme = "http";  // "http" or "https"
  Input input;                      // the request's body
  bool multithread = true;          // other threads may call the application at the same time
  bool multiprocess = true;         // other processes may serve the same application
  bool run_once = false;            // the process may serve more requests

  // Returns a variable; "" if there is none. Valid until `variables` changes.
  std::string_view operator[](std::string_view name) const;
};

using Headers = std::vector<std::pair<std::string, std::string>>;
// The body that an application returns.
using Chunks = std::vector<std::string>;

// Receives one application's response to one request; implemented by a host of applications. All
// calls come from the application's thread.
class Responder {
 public:
  virtual ~Responder() = default;
  // See StartResponse.
  virtual void start(std::string_view status, Headers headers, std::exception_ptr exc_info) = 0;
  // See StartResponse::headers_sent().
  virtual bool headers_sent() const = 0;
  // See Write.
  virtual void write(std::string_view chunk) = 0;
};

// Sends a piece of the body at once, and returns when the client is ready for more, so that an
// application cannot fill the memory with unread output. Throws iostream::StreamClosedError if the
// client has gone, or if the application has returned. May be kept for any length of time.
class Write {
 public:
  explicit Write(std::shared_ptr<Responder> responder) : responder_(std::move(responder)) {}
  // Sends `chunk`, as above, and blocks the calling thread meanwhile.
  void operator()(std::string_view chunk) const { responder_->write(chunk); }

 private:
  std::shared_ptr<Responder> responder_;
};

// Starts the response; the application calls it before it writes or returns.
class StartResponse {
 public:
  explicit StartResponse(std::shared_ptr<Responder> responder) : responder_(std::move(responder)) {}

  // `status` is "200 OK", for example. Nothing is sent before the first byte of the body, or its
  // end. A second call must pass the exception that it reports as `exc_info`: it replaces the first
  // call, or throws that exception if the headers have gone. Throws std::invalid_argument for a
  // status or a header that cannot be sent (RFC 9110 5), and for headers of the connection
  // (Connection, Transfer-Encoding ...), which the server sets; std::logic_error for a second call
  // without `exc_info`.
  Write operator()(std::string_view status, Headers headers,
                   std::exception_ptr exc_info = nullptr) {
    responder_->start(status, std::move(headers), std::move(exc_info));
    return Write(responder_);
  }
  // Returns whether the status and the headers have gone, so that they cannot be replaced.
  bool headers_sent() const { return responder_->headers_sent(); }

 private:
  std::shared_ptr<Responder> responder_;
};

// An application. It returns the body, or the rest of the body after its writes.
//
//   wsgi::Chunks hello(const wsgi::Environ& env, wsgi::StartResponse& start_response) {
//     start_response("200 OK", {{"Content-Type", "text/plain"}});
//     return {"Hello, ", std::string(env["REMOTE_ADDR"])};
//   }
template <class F>
concept GatewayFunction = std::is_invocable_r_v<Chunks, F&, const Environ&, StartResponse&>;

// ---- WSGIContainer ------------------------------------------------------------------------------

struct WSGIOptions {
  WSGIOptions() {}

  // Runs the application; not owned, and must outlive the container. Null: at most `threads`
  // threads of the container. With concurrent::dummy_executor the application runs on the loop, as
  // in Tornado without an executor, and blocks everything else.
  concurrent::Executor* executor = nullptr;
  std::size_t threads = 10;
  // The path at which the application is mounted, such as "/blog": SCRIPT_NAME. It is removed from
  // the start of PATH_INFO.
  std::string script_name;
  // Bytes of a request's body that are kept in memory; a longer one goes to an unnamed file in
  // `directory` (empty: $TMPDIR, or else /var/tmp). The server's max_body_size still applies.
  std::size_t max_buffer_size = 1'048'576;
  std::string directory;
  // Seconds for which the container, when destroyed, waits for applications to return. One that
  // does not is abandoned with its thread, with a warning, so that it cannot delay the program's
  // end.
  core::Seconds shutdown_timeout = 3;
};

// Runs a synchronous application under HTTPServer, off the loop. (WSGIContainer)
//
// A server or a Rule may lead to it; it must outlive both. Long bodies then go to disk as they
// arrive. FallbackHandler and other users of a RequestCallback accept it too, but collect bodies in
// memory. Destroying it stops its application; later requests get no response and are logged.
//
// The response is complete when the application returns: Content-Length, Content-Type and Server
// are added if they are missing, and Date (RFC 9110 6.6.1), which Tornado omits. Earlier writes are
// sent at once, without an added Content-Length. An exception is logged with the request. The
// response is then a 500 if nothing has been sent; otherwise the connection is closed, so that the
// client does not take the part for the whole. Either way the server keeps running.
//
// Requests wait for a free thread in order of arrival. Neither their number nor the time of an
// application is limited. If the client leaves, the application notices at its next write, or not
// at all.
//
// It belongs to the thread of its loop. Unless `threads` is 1, applications are called from several
// threads at once.
class WSGIContainer final : public httputil::HTTPServerConnectionDelegate {
 public:
  // Throws std::invalid_argument if options.threads is 0.
  template <GatewayFunction F>
  explicit WSGIContainer(F application, const WSGIOptions& options = {})
      : WSGIContainer(Application(std::move(application)), options) {}
  ~WSGIContainer() override;
  WSGIContainer(const WSGIContainer&) = delete;
  WSGIContainer& operator=(const WSGIContainer&) = delete;

  // Handles a request whose body is complete. Responds through request.connection.
  void operator()(httputil::HTTPServerRequest request);
  // Converts itself for web::FallbackHandler: {.fallback = container}.
  operator httpserver::RequestCallback() const&;
  operator httpserver::RequestCallback() const&& = delete;  // it would outlive the container
  // Called by the server for each request. The delegate collects the body as it arrives.
  std::unique_ptr<httputil::HTTPMessageDelegate> start_request(
      const void* server_connection,
      std::shared_ptr<httputil::HTTPConnection> request_connection) override;

  // Returns the request as an application sees it. PATH_INFO is percent-decoded. Repeated fields
  // are joined. A field with "_" in its name is omitted, because an application could not tell it
  // from the one with "-", which a proxy may have checked. The length of a body that was sent
  // without one (chunked) is counted. Tornado: WSGIContainer.environ.
  static Environ environ(const httputil::HTTPServerRequest& request, Input input,
                         std::string_view script_name = {});

 private:
  using Application = core::Function<Chunks(const Environ&, StartResponse&)>;
  struct Core;
  class Upload;
  WSGIContainer(Application application, const WSGIOptions& options);

  std::shared_ptr<Core> core_;
};

// ---- Python's applications ----------------------------------------------------------------------
//
// The rest of PEP 3333, in the component `wsgi`, which contains CPython:
//
//   find_package(tornado COMPONENTS wsgi)
//   target_link_libraries(program PRIVATE tornado::wsgi)

struct PythonOptions {
  PythonOptions() {}

  // Folders in which modules are searched before Python's own.
  std::vector<std::string> path;
  // The Python whose modules are used, such as "/srv/site/venv/bin/python". It must have the
  // version with which tornado::wsgi was built; empty: that one itself. A process has only one
  // interpreter, so the first application decides; another name later is a std::logic_error.
  std::string executable;
};

// An application written in Python, for a WSGIContainer. A handle: copies are the same application.
//
// The interpreter starts with the first application, does not handle signals, and ends with the
// program, or not at all if an application has not returned by then. Python's lock is held while
// Python runs: on the container's threads, and on the loop's while an application is imported or
// released. Call fork_processes() before making the first application.
//
// The environ has wsgi.input as a file object, wsgi.errors as sys.stderr, and
// wsgi.input_terminated. An iterable is sent piece by piece, a list or tuple in one piece; its
// close() is always called. SystemExit, like any other exception, ends the request and not the
// program.
class PythonApplication {
 public:
  // Imports "module:name", or calls "module:factory()"; "module" alone means "module:application".
  // Throws std::runtime_error with Python's traceback on failure.
  explicit PythonApplication(const std::string& name, const PythonOptions& options = {});

  // Called by the container, from any thread.
  Chunks operator()(const Environ& env, StartResponse& start_response) const;

 private:
  struct Object;
  std::shared_ptr<const Object> object_;
};

// ---- WSGIAdapter --------------------------------------------------------------------------------

struct WSGIAdapterOptions {
  WSGIAdapterOptions() {}

  std::uint64_t max_body_size = 104857600;  // bytes; a longer one gets a 413
};

// Turns a web::Application into a synchronous application, for hosts without a loop. (WSGIAdapter)
//
// It has the protocol's limits: a handler must finish without waiting (a coroutine may await
// futures that are done already); flush() sends nothing, because the response leaves as a whole;
// there are no WebSockets; callbacks left for after the response are dropped.
//
// Copies share the application, which must outlive them. They may be called from any thread, but
// handle one request at a time, because an application is for one thread.
class WSGIAdapter {
 public:
  explicit WSGIAdapter(web::Application& application, const WSGIAdapterOptions& options = {});

  // Throws std::runtime_error, "request did not finish synchronously", for a handler that waits.
  Chunks operator()(const Environ& env, StartResponse& start_response) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// ---- an application as a module of Python -------------------------------------------------------
//
// For WSGI servers in Python: a file that defines a web::Application and is built as a module with
// the target tornado::wsgi_module. The module has one attribute, `application`.
//
//   TORNADO_WSGI_MODULE(hello) {
//     return std::make_unique<web::Application>(
//         std::vector<web::Rule>{web::url<MainHandler>("/")});
//   }
//
//   find_package(Python3 COMPONENTS Development.Module)
//   Python3_add_library(hello MODULE WITH_SOABI hello.cc)
//   target_link_libraries(hello PRIVATE tornado::wsgi_module)
//
//   $ gunicorn hello
//
// The function is called once, when Python imports the module; its exception becomes an
// ImportError. A WSGIAdapter, with its limits, runs the application, which lives as long as the
// interpreter. Python's lock is released while it runs.

namespace detail {
::_object* make_module(const char* name, std::unique_ptr<web::Application> (*make)());
}

#define TORNADO_WSGI_MODULE(name)                                                          \
  static std::unique_ptr<tornado::web::Application> tornado_wsgi_application_of_##name();  \
  extern "C" __attribute__((visibility("default"))) ::_object* PyInit_##name();            \
  extern "C" ::_object* PyInit_##name() {                                                  \
    return tornado::wsgi::detail::make_module(#name, &tornado_wsgi_application_of_##name); \
  }                                                                                        \
  static std::unique_ptr<tornado::web::Application> tornado_wsgi_application_of_##name()

}  // namespace tornado::wsgi
