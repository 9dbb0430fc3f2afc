// Responses that are sent piece by piece: a table of any length, and events for as long as someone
// listens.
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/locks.h>
#include <tornado/options.h>
#include <tornado/web.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

using namespace tornado;
using namespace std::chrono_literals;

struct MainHandler : web::RequestHandler {
  void get() { render("streaming.html"); }
};

// [table]
struct TableHandler : web::RequestHandler {
  Future<void> get(std::uint64_t rows) {
    set_header("Content-Type", "text/csv; charset=UTF-8");
    for (std::uint64_t row = 1; row <= rows; ++row) {
      write(std::to_string(row) + "," + std::to_string(row * row) + "\n");
      if (row % 1000 == 0) co_await flush();
    }
  }
};
// [/table]

// [counter]
struct Counter {
  std::uint64_t value = 0;
  locks::Condition changed;
};

struct CounterHandler : web::RequestHandler {
  struct Init {
    Counter* counter;
  };
  void initialize(const Init& init) { counter = init.counter; }

  Counter* counter = nullptr;
};

struct PressHandler : CounterHandler {
  void post() {
    ++counter->value;
    counter->changed.notify_all();
    set_status(204);
  }
};
// [/counter]

// [events]
class EventsHandler : public CounterHandler {
 public:
  Future<void> get() {
    set_header("Content-Type", "text/event-stream");
    set_header("Cache-Control", "no-store");
    while (true) {
      const std::uint64_t sent = counter->value;
      write(web::server_sent_event(std::to_string(sent), "count"));
      co_await flush();
      while (counter->value == sent) {
        wait_ = counter->changed.wait(15s);
        const bool changed = co_await wait_;
        if (changed) continue;
        write(":\n\n");  // a comment: reveals a client that vanished without closing
        co_await flush();
      }
    }
  }

  void on_connection_close() override { wait_.cancel(); }
  void on_shutdown() override { wait_.cancel(); }

 private:
  Future<bool> wait_;
};
// [/events]

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::parse_command_line(argc, argv);

  Counter counter;
  web::Settings settings;
  settings.template_path = STREAMING_FOLDER "/templates";  // CMakeLists.txt defines it
  settings.static_path = STREAMING_FOLDER "/static";
  web::Application app(
      {
          web::url<MainHandler>("/"),
          web::url<TableHandler>("/squares/([0-9]+)\\.csv"),
          web::url<PressHandler>("/press", {.counter = &counter}),
          web::url<EventsHandler>("/events", {.counter = &counter}),
      },
      settings);
  auto& server = app.listen(options::get<int>("port"));

  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::run_until_signal(server);
}
