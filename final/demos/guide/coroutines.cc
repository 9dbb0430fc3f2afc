// Handlers that wait, for the guide's page about coroutines and lifetimes.
#include <tornado/gen.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/locks.h>
#include <tornado/options.h>
#include <tornado/web.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

using namespace tornado;

// [waits]
// Stands for a database: it responds after 100 ms.
Future<std::string> look_up(std::string name) {
  co_await gen::sleep(0.1);
  co_return name + " is here";
}

struct PersonHandler : web::RequestHandler {
  Future<void> get(std::string name) {
    const std::string found = co_await look_up(name);
    write(found + "\n");
  }
};
// [/waits]

// [together]
struct TeamHandler : web::RequestHandler {
  Future<void> get() {
    std::vector<Future<std::string>> lookups;
    for (const char* const name : {"ann", "bob", "eve"}) lookups.push_back(look_up(name));
    const std::vector<std::string> people = co_await gen::multi(std::move(lookups));
    for (const std::string& person : people) write(person + "\n");
  }
};
// [/together]

// [limit]
struct ImpatientHandler : web::RequestHandler {
  Future<void> get(std::string name) {
    const double deadline = ioloop::IOLoop::current().time() + 0.05;
    try {
      const std::string found = co_await gen::with_timeout(deadline, look_up(name));
      write(found + "\n");
    } catch (const gen::TimeoutError&) {
      set_status(503);
      write("try again later\n");
    }
  }
};
// [/limit]

// [blocks]
int count_slowly() {
  std::this_thread::sleep_for(std::chrono::seconds(1));  // stands for a computation
  return 42;
}

struct BlockingHandler : web::RequestHandler {
  void get() { write(std::to_string(count_slowly()) + "\n"); }
};

struct ThreadHandler : web::RequestHandler {
  Future<void> get() {
    const int count = co_await ioloop::IOLoop::current().run_in_executor(nullptr, count_slowly);
    write(std::to_string(count) + "\n");
  }
};
// [/blocks]

// [poll]
class Bell {
 public:
  Future<bool> next() { return condition_.wait(); }
  void ring() { condition_.notify_all(); }

 private:
  locks::Condition condition_;
};

struct BellHandler : web::RequestHandler {
  struct Init {
    Bell* bell;
  };
  void initialize(const Init& init) { bell = init.bell; }

  Future<void> get() {
    ring_ = bell->next();
    co_await ring_;
    write("it rang\n");
  }
  void on_connection_close() override { ring_.cancel(); }
  void post() { bell->ring(); }

  Bell* bell = nullptr;

 private:
  Future<bool> ring_;
};
// [/poll]

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::parse_command_line(argc, argv);

  Bell bell;
  web::Application app({
      web::url<PersonHandler>("/person/(\\w+)"),
      web::url<TeamHandler>("/team"),
      web::url<ImpatientHandler>("/impatient/(\\w+)"),
      web::url<BlockingHandler>("/blocking"),
      web::url<ThreadHandler>("/thread"),
      web::url<BellHandler>("/bell", {.bell = &bell}),
  });
  auto& server = app.listen(options::get<int>("port"), "127.0.0.1");
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::run_until_signal(server);
}
