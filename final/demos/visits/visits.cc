// Counts visits on several loops that share a port: threads of one process, several processes, or
// both. Each response tells what its loop knows, and what it knows of the others.
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/netutil.h>
#include <tornado/options.h>
#include <tornado/process.h>
#include <tornado/web.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <deque>
#include <exception>
#include <functional>
#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace tornado;

namespace {

using Sockets = std::vector<netutil::Socket>;

// [shared]
// The state of one loop. Only that loop's thread uses it, so it needs no lock.
struct Place {
  int process = 0;
  int number = 0;  // of the loop in its process
  ioloop::IOLoop* loop = nullptr;
  int visits = 0;
  std::string note = "none";
};

// The state that the loops of one process share.
struct Shared {
  explicit Shared(std::ptrdiff_t loops) : ready(loops), ended(loops) {}

  std::deque<Place> places;     // one for each loop
  std::atomic<int> visits = 0;  // of all of them
  std::latch ready;             // all loops exist: from here on they can be posted to
  std::latch ended;             // none will post to another any more
};
// [/shared]

struct PlaceHandler : web::RequestHandler {
  struct Init {
    Shared* shared;
    Place* here;
  };
  void initialize(const Init& init) {
    shared = init.shared;
    here = init.here;
  }

  Shared* shared = nullptr;
  Place* here = nullptr;
};

// [visit]
struct VisitHandler : PlaceHandler {
  void get() {
    const int own = ++here->visits;
    const int all = ++shared->visits;
    write("process " + std::to_string(here->process) + ", loop " + std::to_string(here->number) +
          ": visit " + std::to_string(own) + ", " + std::to_string(all) +
          " in the process; note: " + here->note + "\n");
  }
};
// [/visit]

// [note]
struct NoteHandler : PlaceHandler {
  void post() {
    const std::string text = get_argument("text");
    for (Place& place : shared->places) {
      place.loop->add_callback([&place, text] { place.note = text; });
    }
  }
};
// [/note]

// Holds the loop's thread for half a second, as a computation would.
struct WorkHandler : web::RequestHandler {
  void get() { std::this_thread::sleep_for(std::chrono::milliseconds(500)); }
};

// [serve]
// Runs one loop, on the thread that calls it.
void serve(Shared& shared, Place& here, Sockets sockets) {
  ioloop::IOLoop loop;
  here.loop = &loop;
  shared.ready.arrive_and_wait();

  web::Application app({
      web::url<VisitHandler>("/", {.shared = &shared, .here = &here}),
      web::url<NoteHandler>("/note", {.shared = &shared, .here = &here}),
      web::url<WorkHandler>("/work"),
  });
  httpserver::HTTPServer server(app);
  server.add_sockets(std::move(sockets));
  if (here.number == 0) {
    if (here.process == 0) std::printf("listening on http://127.0.0.1:%d\n", server.port());
    std::fflush(stdout);
    ioloop::run_until_signal(server);
    for (Place& other : shared.places) other.loop->stop();  // has no effect on this one
  } else {
    loop.start();
  }
  shared.ended.arrive_and_wait();
}
// [/serve]

// [listen]
// With reuse_port, each call makes one more socket on the same port.
Sockets listen_on(int port, bool reuse_port) {
  netutil::BindOptions how;
  how.reuse_port = reuse_port;
  return netutil::bind_sockets(port, "127.0.0.1", how);
}
// [/listen]

// `inherited`: a socket that all processes accept from; empty: each loop gets one of its own.
void run_process(int process, int loops, int port, Sockets inherited) {
  Shared shared(loops);
  std::vector<Sockets> sockets;
  for (int number = 0; number < loops; ++number) {
    Place& place = shared.places.emplace_back();
    place.process = process;
    place.number = number;
    sockets.push_back(inherited.empty() ? listen_on(port, true) : std::move(inherited));
  }
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < sockets.size(); ++i) {
    threads.emplace_back(serve, std::ref(shared), std::ref(shared.places[i]),
                         std::move(sockets[i]));
  }
  serve(shared, shared.places.front(), std::move(sockets.front()));
}

}  // namespace

int main(int argc, char** argv) try {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::define<int>("loops", 1, "threads of each process, with a loop each");
  options::define<int>("processes", 1, "processes");
  options::define<bool>("inherit", false, "the processes accept from one socket");
  options::parse_command_line(argc, argv);
  const int loops = options::get<int>("loops");
  const int processes = options::get<int>("processes");
  const bool inherits = options::get<bool>("inherit");
  if (loops < 1 || processes < 1)
    throw std::invalid_argument("--loops and --processes are 1 or more");
  if (inherits && loops > 1) throw std::invalid_argument("--inherit goes with one loop");

  // [fork]
  int port = options::get<int>("port");
  Sockets inherited;
  if (inherits || port == 0) {
    inherited = listen_on(port, !inherits);
    port = inherited.front().getsockname().port();
  }
  if (!inherits) inherited.clear();  // it has found a port, and nobody would accept from it
  const int number = processes > 1 ? process::fork_processes(processes) : 0;
  run_process(number, loops, port, std::move(inherited));
  // [/fork]
} catch (const std::exception& error) {  // a wrong option, or a port that is taken
  std::fprintf(stderr, "error: %s\n", error.what());
  return 2;
}
