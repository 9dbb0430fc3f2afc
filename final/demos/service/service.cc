// A server that is ready to be operated: behind a proxy, with metrics, health checks, request ids
// and a log for programs. deploy/ runs it behind nginx and HAProxy, and in a container.
#include <tornado/gen.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/json.h>
#include <tornado/locks.h>
#include <tornado/options.h>
#include <tornado/web.h>
#include <tornado/websocket.h>
#ifdef WITH_METRICS
#include <tornado/metrics.h>
#endif

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace tornado;

// Shows what the server knows of the request.
struct MainHandler : web::RequestHandler {
  void get() {
    write(json{{"client", request.remote_ip},
               {"protocol", request.protocol},
               {"host", request.host},
               {"request_id", request.request_id()}});
  }
};

// [events]
struct Ticks {
  std::uint64_t count = 0;
  locks::Condition changed;
};

struct TickHandler : web::RequestHandler {
  struct Init {
    Ticks* ticks;
  };
  void initialize(const Init& init) { ticks = init.ticks; }
  void post() {
    ++ticks->count;
    ticks->changed.notify_all();
    set_status(204);
  }

  Ticks* ticks = nullptr;
};

// An event with the count at once, and again when POSTs to /tick have changed it.
class EventsHandler : public TickHandler {
 public:
  Future<void> get() {
    set_header("Content-Type", "text/event-stream");
    set_header("Cache-Control", "no-store");
    set_header("X-Accel-Buffering", "no");  // nginx passes on each piece at once
    while (true) {
      const std::uint64_t sent = ticks->count;
      write(web::server_sent_event(std::to_string(sent), "tick"));
      co_await flush();
      while (ticks->count == sent) {  // it may have changed during the flush
        wait_ = ticks->changed.wait();
        co_await wait_;
      }
    }
  }
  void on_connection_close() override { wait_.cancel(); }
  void on_shutdown() override { wait_.cancel(); }

 private:
  Future<bool> wait_;
};
// [/events]

struct EchoHandler : websocket::WebSocketHandler {
  void on_message(std::string_view message, bool binary) { write_message(message, binary); }
};

// [accel]
// Checks whether the client may have the file, and lets nginx send it.
struct ReportHandler : web::RequestHandler {
  void get(std::string name) {
    if (name == "secret.txt") throw web::HTTPError(403);
    clear_header("Content-Type");  // nginx knows the file's
    set_header("X-Accel-Redirect", "/protected/" + name);
  }
};
// [/accel]

void define_options() {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::define<std::string>("address", "", "address to listen on; empty: all");
  options::define<int>("admin_port", 9888, "port for health checks and metrics");
  options::define<std::string>("admin_address", "127.0.0.1", "address for these");
  options::define<bool>("metrics", true, "count requests, and watch the loop");
  options::define<bool>("xheaders", false, "trust the proxy's X-Forwarded-For and its kin");
  options::define<bool>("proxy_protocol", false, "expect the PROXY protocol");
  options::define<double>("grace", 10, "seconds that clients have to finish after SIGTERM");
}

int main(int argc, char** argv) {
  define_options();
  options::parse_command_line(argc, argv);

  Ticks ticks;
  // [operated]
  web::Settings settings;
  settings.request_ids = true;
  std::vector<web::Rule> admin_routes;
#ifdef WITH_METRICS
  std::optional<metrics::Metrics> metrics;
  if (options::get<bool>("metrics")) {
    metrics.emplace();
    settings.log_function = metrics->log_function();
    admin_routes.push_back(web::url<metrics::MetricsHandler>("/metrics", {.metrics = &*metrics}));
  }
#endif

  web::Application app(
      {
          web::url<MainHandler>("/"),
          web::url<TickHandler>("/tick", {.ticks = &ticks}),
          web::url<EventsHandler>("/events", {.ticks = &ticks}),
          web::url<EchoHandler>("/echo"),
          web::url<ReportHandler>("/reports/([a-z0-9.]+)"),
      },
      settings);
  httpserver::HTTPServerOptions server_options;
  server_options.xheaders = options::get<bool>("xheaders");
  server_options.proxy_protocol = options::get<bool>("proxy_protocol");
  auto& server =
      app.listen(options::get<int>("port"), options::get<std::string>("address"), server_options);
#ifdef WITH_METRICS
  if (metrics) metrics->watch(server);
#endif

  // On a port of their own: the public cannot reach them, and they work while the server shuts
  // down.
  admin_routes.push_back(web::url<web::HealthHandler>("/health"));
  admin_routes.push_back(web::url<web::HealthHandler>(
      "/ready", {.ready = [&server] { return !server.shutting_down(); }}));
  web::Settings admin_settings;
  admin_settings.log_function = [](const web::RequestHandler&) {};  // several checks a second
  web::Application admin(admin_routes, admin_settings);
  auto& admin_server =
      admin.listen(options::get<int>("admin_port"), options::get<std::string>("admin_address"));
  // [/operated]

  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::printf("admin on http://127.0.0.1:%d\n", admin_server.port());
  std::fflush(stdout);
  ioloop::run_until_signal(server, options::get<double>("grace"));
}
