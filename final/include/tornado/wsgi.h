// Public header. The gateway to synchronous applications, PEP 3333: WSGIContainer hosts one, in
// Python or in C++, under HTTPServer; WSGIAdapter makes one of a web::Application. Mirrors
// tornado.wsgi; WSGIAdapter is Tornado 4's.
//
//   wsgi::PythonApplication flask("hello:app");           // needs tornado::wsgi, see below
//   wsgi::WSGIContainer container(flask);
//   web::Application app({
//       web::url<ClockHandler>("/clock"),                 // on the loop, never held up by Python
//       {".*", container},
//   });
//
// What is hosted runs on threads of its own. One request holds one of them from its first line to
// its last: an application of many requests that wait long is better written with handlers.
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

// The body of a request, complete before the application is called. A handle: copies read the same
// body, one behind the other. One thread at a time.
class Input {
 public:
  Input();
  explicit Input(std::string body);

  // The next `size` bytes, fewer at the end; "" behind it. Throws std::system_error if the disk
  // fails, for a body that is there.
  std::string read(std::size_t size = std::numeric_limits<std::size_t>::max()) const;
  std::uint64_t size() const noexcept;  // of the whole body
  // The file that the whole body is in, without a name; -1: it is in memory.
  int fileno() const noexcept;

 private:
  friend class BodyWriter;
  struct Body;
  std::shared_ptr<Body> body_;
};

// One request for an application (PEP 3333, "environ Variables"). What Python has as "wsgi.NAME" is
// a member here.
struct Environ {
  // REQUEST_METHOD, SCRIPT_NAME, PATH_INFO, QUERY_STRING, HTTP_ACCEPT and so on: bytes, which
  // Python gets as Latin-1 text.
  std::map<std::string, std::string, std::less<>> variables;
  std::string url_scheme = "http";  // or "https"
  Input input;
  bool multithread = true;
  bool multiprocess = true;
  bool run_once = false;

  // A variable; "" if there is none. Valid until `variables` changes.
  std::string_view operator[](std::string_view name) const;
};

using Headers = std::vector<std::pair<std::string, std::string>>;
// The body that an application returns.
using Chunks = std::vector<std::string>;

// What a host of applications implements: where one application's answer to one request goes.
// Everything in it is for the application's thread.
class Responder {
 public:
  virtual ~Responder() = default;
  // See StartResponse.
  virtual void start(std::string_view status, Headers headers, std::exception_ptr exc_info) = 0;
  virtual bool headers_sent() const = 0;
  // See Write.
  virtual void write(std::string_view chunk) = 0;
};

// Sends a piece of the body at once, and returns when the client is ready for more: an application
// cannot fill the memory with what nobody reads. Throws iostream::StreamClosedError if the client
// has gone, or if the application has returned. Keep it as long as you like.
class Write {
 public:
  explicit Write(std::shared_ptr<Responder> responder) : responder_(std::move(responder)) {}
  void operator()(std::string_view chunk) const { responder_->write(chunk); }

 private:
  std::shared_ptr<Responder> responder_;
};

// How an application says what it answers, before it writes or returns.
class StartResponse {
 public:
  explicit StartResponse(std::shared_ptr<Responder> responder) : responder_(std::move(responder)) {}

  // `status` is "200 OK". Nothing is sent before the first byte of the body or its end. A second
  // call must give as `exc_info` the exception that it answers: it takes the place of the first, or
  // throws that exception if the headers have gone. Throws std::invalid_argument for a status or a
  // header that cannot be sent (RFC 9110 5), and for what belongs to the connection (Connection,
  // Transfer-Encoding ...), which is the server's; std::logic_error for a second call without
  // `exc_info`.
  Write operator()(std::string_view status, Headers headers,
                   std::exception_ptr exc_info = nullptr) {
    responder_->start(status, std::move(headers), std::move(exc_info));
    return Write(responder_);
  }
  bool headers_sent() const { return responder_->headers_sent(); }

 private:
  std::shared_ptr<Responder> responder_;
};

// An application: its return value is the body, or what is left of it after it has written.
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

  // Where the application runs; not owned, and it must outlive the container. Null: on threads of
  // the container's own, `threads` at most. With concurrent::dummy_executor it runs on the loop,
  // as in Tornado without an executor, and holds everything else up.
  concurrent::Executor* executor = nullptr;
  std::size_t threads = 10;
  // The path that the application is mounted at, such as "/blog": SCRIPT_NAME. It is taken off
  // PATH_INFO where that begins with it.
  std::string script_name;
  // Bytes of a request's body that are kept in memory; a longer one goes to a file without a name
  // in `directory` (empty: $TMPDIR, else /var/tmp). The server's max_body_size bounds it.
  std::size_t max_buffer_size = 1'048'576;
  std::string directory;
  // Seconds that the container waits at its end for applications to return. One that does not is
  // left behind with its thread, and a warning: it cannot hold up the end of the program.
  double shutdown_timeout = 3;
};

// Runs a synchronous application under HTTPServer, off the loop. (WSGIContainer)
//
// It is what a server or a Rule may lead to, and must outlive both: then a long body goes to disk
// as it arrives. It is also what FallbackHandler and other takers of a RequestCallback accept,
// which collect bodies in memory. At its end it stops its application; what comes for it later gets
// no answer, and is logged.
//
// The response is complete when the application returns: Content-Length, Content-Type and Server
// are added where they are missing, and Date (RFC 9110 6.6.1), which Tornado leaves out. What it
// writes before that leaves at once, without a Content-Length of ours. An exception is logged with
// the request, and answered with a 500 if nothing has been sent; else the connection is closed, so
// that the client does not take the part for the whole. Either way the server goes on.
//
// Requests wait for a free thread in the order they came; there is no limit to how many, nor to
// how long an application may take. If the client leaves, the application notices at its next
// write, or not at all.
//
// It belongs to the thread of its loop. Applications are called from many threads at a time, if
// `threads` is not 1.
class WSGIContainer final : public httputil::HTTPServerConnectionDelegate {
 public:
  // Throws std::invalid_argument if options.threads is 0.
  template <GatewayFunction F>
  explicit WSGIContainer(F application, const WSGIOptions& options = {})
      : WSGIContainer(Application(std::move(application)), options) {}
  ~WSGIContainer() override;
  WSGIContainer(const WSGIContainer&) = delete;
  WSGIContainer& operator=(const WSGIContainer&) = delete;

  // Answers a request whose body is complete, through request.connection.
  void operator()(httputil::HTTPServerRequest request);
  // {.fallback = container}
  operator httpserver::RequestCallback() const&;
  operator httpserver::RequestCallback() const&& = delete;  // it would outlive the container
  std::unique_ptr<httputil::HTTPMessageDelegate> start_request(
      const void* server_connection,
      std::shared_ptr<httputil::HTTPConnection> request_connection) override;

  // What an application is told of a request. PATH_INFO is percent-decoded. Fields that come twice
  // are joined. A field with "_" in its name is left out: no application could tell it from the one
  // with "-", which a proxy may have checked. The length of a body without one (chunked) is
  // counted. Tornado: WSGIContainer.environ.
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
// The rest of PEP 3333, in the component `wsgi`, which has CPython in it:
//
//   find_package(tornado COMPONENTS wsgi)
//   target_link_libraries(program PRIVATE tornado::wsgi)

struct PythonOptions {
  PythonOptions() {}

  // Folders that are searched for modules, before Python's own.
  std::vector<std::string> path;
  // The Python whose modules are used, such as "/srv/site/venv/bin/python". Of the version that
  // tornado::wsgi was built with; empty: that one itself. There is one interpreter in a process:
  // the first application decides, and another name later is std::logic_error.
  std::string executable;
};

// An application written in Python, for a WSGIContainer. A handle: copies are the same application.
//
// The interpreter starts with the first one, takes no signals, and ends with the program, or not
// at all if an application has not returned by then. The lock of the interpreter is held while
// Python runs, on the container's threads, and on the loop's while an application is imported or
// let go of. fork_processes() comes before the first one.
//
// The application gets the environ with wsgi.input as a file object, wsgi.errors as sys.stderr, and
// wsgi.input_terminated. An iterable is sent piece by piece, a list or tuple in one; its close() is
// called in any case. SystemExit ends the request, as every other exception does, not the program.
class PythonApplication {
 public:
  // Imports "module:name", or calls "module:factory()"; "module" alone means "module:application".
  // Throws std::runtime_error with Python's traceback if it cannot.
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

  std::uint64_t max_body_size = 104857600;  // bytes; a longer one is answered with 413
};

// Makes a synchronous application of a web::Application, for hosts that know no loop. (WSGIAdapter)
//
// Its limits are the protocol's: a handler must finish without waiting (a coroutine may await what
// is done already); flush() sends nothing, the response leaves as a whole; there are no WebSockets,
// and nothing of the request runs on after the answer: what is left for later is dropped.
//
// Copies share the application, which must outlive them. They may be called from any thread: an
// application is for one thread, so one request is answered at a time.
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
// What a WSGI server in Python imports: a file that defines a web::Application, built as a module
// with the target tornado::wsgi_module, gives it one attribute, `application`.
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
// It is called once, when Python imports the module; what it throws is an ImportError. The
// application is answered for by a WSGIAdapter, whose limits it has, and lives as long as the
// interpreter. Python's lock is let go of while it runs.

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
