// The server that tests/clients talks to. Each handler is there to make one thing visible on the
// wire; wire_app.py beside it is the same program on Python's Tornado, for the comparison of both.

#include <tornado/gen.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/json.h>
#include <tornado/netutil.h>
#include <tornado/options.h>
#include <tornado/process.h>
#include <tornado/ssl.h>
#include <tornado/web.h>

#include <csignal>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "signing_handlers.h"

using namespace tornado;

namespace {

// What /stats tells. One loop, one thread: plain numbers.
struct Stats {
  int alive = 0;     // handler objects
  int finished = 0;  // calls of on_finish
  int closed = 0;    // calls of on_connection_close
};
Stats stats;

// Counts itself, so that a test can see that no handler stays behind.
struct Handler : web::RequestHandler {
  Handler() { ++stats.alive; }
  ~Handler() override { --stats.alive; }
  void on_finish() override { ++stats.finished; }
  void on_connection_close() override { ++stats.closed; }

  int int_argument(std::string_view name, int fallback) const {
    return std::stoi(get_argument(name, std::to_string(fallback)));
  }
};

struct HelloHandler : Handler {
  void get() { write("Hello, world"); }
};

struct HeadHandler : Handler {
  void get() { write("Hello, world"); }
  void head() { get(); }
};

// Says what arrived, for any verb: method, URI, size of the body, and the body.
struct EchoHandler : Handler {
  void get() { echo(); }
  void post() { echo(); }
  void put() { echo(); }
  void patch() { echo(); }
  void delete_() { echo(); }
  void options() { echo(); }

  void echo() {
    set_header("Content-Type", "text/plain");
    write(request.method + " " + request.uri + " " + std::to_string(request.body.size()) + "\n");
    write(request.body);
  }
};

struct PathHandler : Handler {
  void get(std::string first, std::string second) { write(first + "|" + second); }
};

struct OptionalHandler : Handler {
  void get(std::optional<std::string> group) { write(group.value_or("None")); }
};

struct ArgHandler : Handler {
  void get() { write("[" + get_argument("a") + "]"); }
  void post() { get(); }
};

struct ArgsHandler : Handler {
  void get() { write({{"a", get_arguments("a")}}); }
  void post() { get(); }
  void write(json value) { web::RequestHandler::write(value); }
};

struct StatusHandler : Handler {
  void get(int code) {
    set_status(code);
    if (code != 204 && code != 304) write("status " + std::to_string(code));
  }
};

struct SlowHandler : Handler {
  Future<void> get() {
    const double seconds = std::stod(get_argument("s", "0.05"));
    co_await gen::sleep(seconds);
    write("slow");
  }
};

struct AsyncHandler : Handler {
  web::asynchronous get() {
    ioloop::IOLoop::current().call_later(0.001, [this] { finish("async"); });
    return {};
  }
};

struct NeverHandler : Handler {
  web::asynchronous get() {
    write("never seen");
    return {};
  }
};

// Answers when somebody asks /release to.
struct HoldHandler : Handler {
  static std::set<HoldHandler*>& held() {
    static std::set<HoldHandler*> handlers;
    return handlers;
  }
  ~HoldHandler() override { held().erase(this); }
  web::asynchronous get() {
    held().insert(this);
    return {};
  }
  void on_connection_close() override {
    Handler::on_connection_close();
    held().erase(this);
    if (!finished()) finish();
  }
};

struct ReleaseHandler : Handler {
  void get() {
    for (HoldHandler* handler : std::exchange(HoldHandler::held(), {})) handler->finish("held");
    write("released");
  }
};

struct FlushHandler : Handler {
  Future<void> get() {
    for (const char* piece : {"one", "two", "three"}) {
      write(piece);
      co_await flush();
    }
    write("end");
  }
  Future<void> head() { return get(); }
};

struct FlushThrowHandler : Handler {
  void get() {
    write("begun");
    flush();
    throw std::runtime_error("after the headers have gone");
  }
};

struct LengthLieHandler : Handler {
  Future<void> get() {
    const int written = int_argument("write", 0);
    set_header("Content-Length", get_argument("declare"));
    if (get_argument("flush", "") == "1") co_await flush();
    write(std::string(static_cast<std::size_t>(written), 'x'));
  }
};

struct ThrowHandler : Handler {
  void get() { throw std::runtime_error("<secret>"); }
};

struct ThrowIntHandler : Handler {
  void get() { throw 42; }
};

struct ThrowLaterHandler : Handler {
  Future<void> get() {
    co_await gen::moment;
    throw std::runtime_error("<secret>");
  }
};

struct HttpErrorHandler : Handler {
  void get() {
    set_header("X-Before", "dropped");
    write("dropped");
    throw web::HTTPError(int_argument("code", 500), get_argument("log", ""),
                         get_argument("reason", ""));
  }
};

struct SetStatusHandler : Handler {
  void get() { set_status(int_argument("code", 200), get_argument("reason", "")); }
};

struct FinishHandler : Handler {
  void get() {
    set_header("X-Kept", "yes");
    const std::string chunk = get_argument("chunk", "");
    if (chunk.empty()) throw web::Finish();
    throw web::Finish(chunk);
  }
};

struct FinishTwiceHandler : Handler {
  void get() {
    finish("first");
    finish("second");
  }
};

struct PrepareHandler : Handler {
  void prepare() { finish("prepared"); }
  void get() { write("the verb ran"); }
};

struct WriteErrorHandler : Handler {
  void get() { write_error(404, {}); }
};

struct DefaultHeadersHandler : Handler {
  void set_default_headers() override { set_header("X-Default", "always"); }
  void get() { throw web::HTTPError(403); }
};

struct RedirectHandler : Handler {
  void get() {
    redirect(get_argument("to"), get_argument("permanent", "") == "1", int_argument("status", 0));
  }
};

struct SetHeaderHandler : Handler {
  void get() {
    set_header(get_argument("name", "X-Test"), get_argument("value", "", false));
    write("set");
  }
};

struct RawHeaderHandler : Handler {
  void get(std::string value) {
    set_header("X-Path", value);
    write("set");
  }
};

struct OwnEtagHandler : Handler {
  void get() {
    set_header("Etag", get_argument("etag", "\"mine\""));
    write("Hello, world");
  }
};

struct JsonHandler : Handler {
  void get() { write(json{{"text", "</script>\u00e9"}, {"list", {1, 2.5, nullptr, true}}}); }
};

// A list at the top, which write() does not take.
struct JsonListHandler : Handler {
  void get() { write(json::array({1, 2})); }
};

// A body with a status that has none.
struct NoBodyHandler : Handler {
  void get(int code) {
    set_status(code);
    write("body");
  }
};

struct CookieErrorHandler : Handler {
  void get() {
    set_cookie("kept", "yes");
    throw web::HTTPError(403);
  }
};

// The request's header fields as they came.
struct HeadersHandler : Handler {
  void get() {
    json fields = json::array();
    for (const auto& [name, value] : request.headers) fields.push_back({name, value});
    write(json{{"headers", fields}});
  }
  void post() { get(); }
};

struct RequestInfoHandler : Handler {
  void get() {
    write(json{{"method", request.method},
               {"uri", request.uri},
               {"path", request.path},
               {"query", request.query},
               {"version", request.version},
               {"host", request.host},
               {"host_name", request.host_name()},
               {"protocol", request.protocol},
               {"remote_ip", request.remote_ip}});
  }
};

struct BigHandler : Handler {
  void get() { write(std::string(std::stoul(get_argument("n", "1048576")), 'x')); }
};

struct StatsHandler : web::RequestHandler {
  void get() {
    write(json{{"alive", stats.alive}, {"finished", stats.finished}, {"closed", stats.closed}});
  }
};

std::vector<web::URLSpec> routes() {
  return {
      web::url<HelloHandler>("/"),
      web::url<HeadHandler>("/head"),
      web::url<EchoHandler>("/echo"),
      web::url<PathHandler>("/path/([^/]*)/(.*)"),
      web::url<OptionalHandler>("/optional(/.*)?"),
      web::url<ArgHandler>("/arg"),
      web::url<ArgsHandler>("/args"),
      web::url<StatusHandler>("/status/([0-9]+)"),
      web::url<SlowHandler>("/slow"),
      web::url<AsyncHandler>("/async"),
      web::url<NeverHandler>("/never"),
      web::url<HoldHandler>("/hold"),
      web::url<ReleaseHandler>("/release"),
      web::url<FlushHandler>("/flush"),
      web::url<FlushThrowHandler>("/flush_throw"),
      web::url<LengthLieHandler>("/length_lie"),
      web::url<ThrowHandler>("/throw"),
      web::url<ThrowIntHandler>("/throw_int"),
      web::url<ThrowLaterHandler>("/throw_later"),
      web::url<HttpErrorHandler>("/httperror"),
      web::url<SetStatusHandler>("/set_status"),
      web::url<FinishHandler>("/finish"),
      web::url<FinishTwiceHandler>("/finish_twice"),
      web::url<PrepareHandler>("/prepare"),
      web::url<WriteErrorHandler>("/write_error"),
      web::url<DefaultHeadersHandler>("/default_headers"),
      web::url<RedirectHandler>("/redirect"),
      web::url<SetHeaderHandler>("/set_header"),
      web::url<RawHeaderHandler>("/raw_header/(.*)"),
      web::url<OwnEtagHandler>("/own_etag"),
      web::url<JsonHandler>("/json"),
      web::url<JsonListHandler>("/json_list"),
      web::url<NoBodyHandler>("/no_body/([0-9]+)"),
      web::url<CookieErrorHandler>("/cookie_error"),
      web::url<HeadersHandler>("/headers"),
      web::url<RequestInfoHandler>("/request"),
      web::url<BigHandler>("/big"),
      web::url<StatsHandler>("/stats"),
  };
}

void define_options() {
  const httpserver::HTTPServerOptions defaults;
  options::define<bool>("no_keep_alive", defaults.no_keep_alive);
  options::define<bool>("xheaders", defaults.xheaders);
  options::define<bool>("serve_traceback", false);
  options::define<int>("max_header_size", static_cast<int>(defaults.max_header_size));
  options::define<int>("max_body_size", static_cast<int>(defaults.max_body_size));
  options::define<double>("idle_connection_timeout", defaults.idle_connection_timeout);
  options::define<double>("header_timeout", defaults.header_timeout);
  options::define<double>("body_timeout", defaults.body_timeout);
  options::define<double>("body_stall_timeout", defaults.body_stall_timeout);
  options::define<int>("max_connections", static_cast<int>(defaults.max_connections));
  options::define<int>("max_buffered_total", 268'435'456);
  options::define<std::string>("certfile", "", "serves HTTPS too, on a second port");
  options::define<std::string>("ca_certs", "", "asks HTTPS clients for certificates of these");
  options::define<double>("handshake_timeout", ssl::SSLOptions().handshake_timeout);
  options::define<std::string>("static_path", "", "serves these files below /static/");
  options::define<int>("processes", 1, "processes that accept from one socket; SIGHUP renews them");
  define_signing_options();
}

httpserver::HTTPServerOptions server_options() {
  httpserver::HTTPServerOptions chosen;
  chosen.no_keep_alive = options::get<bool>("no_keep_alive");
  chosen.xheaders = options::get<bool>("xheaders");
  chosen.max_header_size = static_cast<std::size_t>(options::get<int>("max_header_size"));
  chosen.max_body_size = static_cast<std::size_t>(options::get<int>("max_body_size"));
  chosen.idle_connection_timeout = options::get<double>("idle_connection_timeout");
  chosen.header_timeout = options::get<double>("header_timeout");
  chosen.body_timeout = options::get<double>("body_timeout");
  chosen.body_stall_timeout = options::get<double>("body_stall_timeout");
  chosen.max_connections = static_cast<std::size_t>(options::get<int>("max_connections"));
  chosen.max_buffered_total = static_cast<std::size_t>(options::get<int>("max_buffered_total"));
  return chosen;
}

// A second server with TLS. SIGHUP makes it read its files again.
void serve_https(web::Application& app) {
  ssl::SSLOptions files;
  files.certfile = options::get<std::string>("certfile");
  files.ca_certs = options::get<std::string>("ca_certs");
  files.cert_reqs = files.ca_certs.empty() ? ssl::CertReqs::kNone : ssl::CertReqs::kOptional;
  files.alpn_protocols = {"http/1.1"};
  files.handshake_timeout = options::get<double>("handshake_timeout");
  const ssl::SSLContext context(files);
  auto chosen = server_options();
  chosen.ssl_options = context;
  std::printf("listening on https://127.0.0.1:%d\n", app.listen(0, "127.0.0.1", chosen).port());
  std::fflush(stdout);
  ioloop::IOLoop::current().add_signal_handler(SIGHUP, [context](int) {
    context.reload();
    std::printf("reloaded\n");
    std::fflush(stdout);
  });
}

}  // namespace

int main(int argc, char** argv) {
  define_options();
  options::parse_command_line(argc, argv);
  const int processes = options::get<int>("processes");
  std::vector<netutil::Socket> sockets = netutil::bind_sockets(0, "127.0.0.1");
  if (processes > 1) {
    std::printf("listening on http://127.0.0.1:%d\n", sockets.front().getsockname().port());
    std::fflush(stdout);
    process::fork_processes(processes);
  }
  web::Settings settings;
  settings.serve_traceback = options::get<bool>("serve_traceback");
  settings.static_path = options::get<std::string>("static_path");
  set_signing_settings(settings);
  std::vector<web::URLSpec> all_routes = routes();
  add_signing_routes(all_routes);
  web::Application app(std::move(all_routes), settings);
  httpserver::HTTPServer server(app, server_options());
  server.add_sockets(std::move(sockets));
  if (processes > 1) {
    ioloop::run_until_signal(server);
    return 0;
  }
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  if (!options::get<std::string>("certfile").empty()) serve_https(app);
  auto& loop = ioloop::IOLoop::current();
  loop.add_signal_handler(SIGTERM, [&loop](int) { loop.stop(); });
  loop.start();
}
