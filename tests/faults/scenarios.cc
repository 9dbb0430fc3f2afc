#include "scenarios.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <tornado/gen.h>
#include <tornado/httpclient.h>
#include <tornado/httpserver.h>
#include <tornado/iostream.h>
#include <tornado/multipart.h>
#include <tornado/netutil.h>
#include <tornado/process.h>
#include <tornado/ssl.h>
#include <tornado/web.h>
#include <tornado/websocket.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "faults.h"

namespace faults {

using namespace tornado;

namespace {

// No timeout of the framework is longer. Virtual seconds.
constexpr double kPatience = 4000;

// ---- the server ---------------------------------------------------------------------------------

struct Hello : web::RequestHandler {
  void get() { write("hello " + get_argument("name", "world")); }
  void post() { write(get_body_argument("a", "nothing")); }
};

struct Big : web::RequestHandler {
  void get() { write(std::string(2'000'000, 'x')); }
};

struct Stream : web::RequestHandler {
  Future<void> get() {
    for (int i = 0; i < 4; ++i) {
      write("piece ");
      co_await flush();
      co_await gen::sleep(0.01);
    }
  }
};

struct Moved : web::RequestHandler {
  void get() { redirect("/?name=moved"); }
};

struct Upload : web::RequestHandler {
  void prepare() {
    web::MultipartFormOptions options;
    options.memory_per_file = 10'000;
    form_.emplace(request.headers, options);
  }
  Future<void> data_received(std::string chunk) { return form_->feed(std::move(chunk)); }
  void post() {
    form_->finish();
    write(std::to_string(form_->files().at("f").at(0).size()));
  }

 private:
  std::optional<web::MultipartForm> form_;
};

struct Echo : websocket::WebSocketHandler {
  std::optional<websocket::CompressionOptions> get_compression_options() override {
    return websocket::CompressionOptions();
  }
  void on_message(websocket::Message message) { write_message(message); }
};

web::Settings settings(const World& world) {
  web::Settings settings;
  settings.static_path = world.folder;
  settings.compress_response = true;
  return settings;
}

// ---- a client without a loop --------------------------------------------------------------------

// Its calls are the test's own. It connects, sends its request, and collects what comes.
class Peer {
 public:
  Peer(std::uint16_t port, std::string request) : unsent_(std::move(request)) {
    const Spare own;
    socket_ = netutil::Socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage to;
    const unsigned length = netutil::Address("127.0.0.1", port).to_sockaddr(to);
    if (::connect(socket_.fileno(), reinterpret_cast<sockaddr*>(&to), length) != 0) {
      throw Broken("the server's port does not accept connections");
    }
  }
  ~Peer() {
    const Spare own;
    socket_.close();
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void send(std::string_view more) { unsent_ += more; }

  // Returns true once `responses` bodies that end with `end` have come, or the connection is over.
  bool done(std::string_view end, int responses) {
    pump();
    if (over_) return true;
    int found = 0;
    for (auto at = got_.find(end); at != std::string::npos; at = got_.find(end, at + 1)) ++found;
    return found >= responses;
  }
  const std::string& got() const { return got_; }

 private:
  void pump() {
    const Spare own;
    while (!unsent_.empty()) {
      const ssize_t count =
          ::send(socket_.fileno(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count <= 0) break;
      unsent_.erase(0, static_cast<std::size_t>(count));
    }
    char buffer[65536];
    while (!over_) {
      const ssize_t count = ::recv(socket_.fileno(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (count < 0 && errno == EAGAIN) return;
      over_ = count <= 0;
      if (count > 0) got_.append(buffer, static_cast<std::size_t>(count));
    }
  }

  netutil::Socket socket_;
  std::string unsent_;
  std::string got_;
  bool over_ = false;
};

std::string get(std::string_view path, std::string_view more = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n" + std::string(more) + "\r\n";
}

// ---- a run --------------------------------------------------------------------------------------

class Run {
 public:
  explicit Run(const World& world, bool others = false)
      : world_(world), clock_(others), loop_(options(world.poller, clock_)) {
    loop_.make_current();
  }

  // Runs the loop until `condition()`.
  template <class Condition>
  void until(Condition condition) {
    const double end = loop_.time() + kPatience;
    bool met = false;
    loop_.run_sync([&]() -> Future<void> {
      for (double pause = 0.0002; !(met = condition()) && loop_.time() < end;) {
        co_await gen::sleep(pause);
        pause = std::min(pause * 1.05, 1.0);
      }
    });
    if (!met) throw Broken("something waits for ever");
  }

  void serve(bool tls = false) {
    app_.emplace(std::vector<web::URLSpec>{web::url<Hello>("/"), web::url<Big>("/big"),
                                           web::url<Stream>("/stream"), web::url<Moved>("/moved"),
                                           web::url<Upload>("/upload"), web::url<Echo>("/echo")},
                 settings(world_));
    httpserver::HTTPServerOptions how;
    if (tls) {
      ssl::SSLOptions files;
      files.certfile = world_.identity->file;
      how.ssl_options = netutil::ssl_options_to_context(files, true);
    }
    server_ = &app_->listen(0, "127.0.0.1", how);
    port_ = server_->port();
    tls_ = tls;
  }
  std::string url(std::string_view path, std::string_view scheme = "http") const {
    return std::string(scheme) + (tls_ ? "s" : "") + "://127.0.0.1:" + std::to_string(port_) +
           std::string(path);
  }

  // Sends the request as it is. Waits for the end, or for `responses` that end with `end`.
  void talk(std::string request, std::string_view end, int responses = 1) {
    Peer peer(port_, std::move(request));
    until([&] { return peer.done(end, responses); });
  }

  // Awaits a future, which may fail.
  template <class T>
  bool settle(const Future<T>& future) {
    until([&] { return future.done(); });
    return future.exception() == nullptr;
  }

  httpclient::HTTPRequest request(std::string_view path) const {
    httpclient::HTTPRequest request(url(path));
    if (tls_) request.ca_certs = world_.authority->file();
    return request;
  }
  httpclient::AsyncHTTPClient client() const {
    httpclient::ClientOptions options;
    options.resolver = std::make_shared<netutil::BlockingResolver>();
    return httpclient::AsyncHTTPClient(httpclient::force_instance, options);
  }

  // Others are served as if nothing had happened.
  void others_are_served() {
    const Spare own;
    if (tls_) {
      const auto other = client();
      const auto response = other.fetch(request("/?name=other"), false);
      if (!settle(response) || response.result().body != "hello other") {
        throw Broken("another connection was not served over TLS");
      }
      return;
    }
    Peer peer(port_, get("/?name=other", "Connection: close\r\n"));
    until([&] { return peer.done("hello other", 1); });
    if (peer.got().find("hello other") == std::string::npos) {
      throw Broken("another connection was not served: \"" + peer.got() + "\"");
    }
  }

  ioloop::IOLoop& loop() { return loop_; }
  const World& world() const { return world_; }

 private:
  static ioloop::IOLoopOptions options(std::string_view poller, FastClock& clock) {
    ioloop::IOLoopOptions options;
    options.poller = poller;
    options.clock = &clock;
    options.make_current = ioloop::MakeCurrent::kNo;
    return options;
  }

  const World& world_;
  FastClock clock_;
  ioloop::IOLoop loop_;
  std::optional<web::Application> app_;
  httpserver::HTTPServer* server_ = nullptr;
  std::uint16_t port_ = 0;
  bool tls_ = false;
};

// ---- the scenarios ------------------------------------------------------------------------------

void three_requests(const World& world) {
  Run run(world);
  run.serve();
  run.talk(get("/") + get("/?name=x") + get("/", "Connection: close\r\n"), "hello", 4);
  run.others_are_served();
}

void three_connections(const World& world) {
  Run run(world);
  run.serve();
  for (int i = 0; i < 3; ++i) run.talk(get("/"), "hello world");
  run.others_are_served();
}

void big_response(const World& world) {
  Run run(world);
  run.serve();
  run.talk(get("/big", "Connection: close\r\n"), "never");
  run.others_are_served();
}

void streamed_response(const World& world) {
  Run run(world);
  run.serve();
  run.talk(get("/stream") + get("/missing"), "404", 2);
  run.others_are_served();
}

void static_file(const World& world) {
  Run run(world, true);
  run.serve();
  run.talk(get("/static/file.bin") + get("/static/file.bin", "Range: bytes=10-99\r\n") +
               get("/static/no.bin") + get("/", "Connection: close\r\n"),
           "never");
  run.others_are_served();
}

void upload(const World& world) {
  Run run(world, true);
  run.serve();
  const std::string body =
      "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n" +
      std::string(100'000, 'y') + "\r\n--b--\r\n";
  run.talk(
      "POST /upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
      "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: " +
          std::to_string(body.size()) + "\r\n\r\n" + body,
      "never");
  run.others_are_served();
}

void form_and_gzip(const World& world) {
  Run run(world);
  run.serve();
  run.talk(
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      "Content-Length: 3\r\n\r\na=1" +
          get("/big", "Accept-Encoding: gzip\r\nConnection: close\r\n"),
      "never");
  run.others_are_served();
}

Future<void> chat(std::string url, std::optional<std::string> ca_certs) {
  httpclient::HTTPRequest request(url);
  request.ca_certs = ca_certs;
  websocket::WebSocketConnectOptions options;
  options.compression_options = websocket::CompressionOptions();
  options.resolver = std::make_shared<netutil::BlockingResolver>();
  const auto connection = co_await websocket::websocket_connect(request, options);
  for (int i = 0; i < 3; ++i) {
    const std::string text(static_cast<std::size_t>(100 + 20'000 * i), 'm');
    co_await connection.write_message(text);
    const auto reply = co_await connection.read_message();
    if (!reply) co_return;
    if (reply->data != text) throw Broken("a message came back changed");
  }
  connection.close(1000, "over");
  for (bool open = true; open;) {
    const auto late = co_await connection.read_message();
    open = late.has_value();
  }
}

void websocket_with_compression(const World& world) {
  Run run(world);
  run.serve();
  run.settle(chat(run.url("/echo", "ws"), std::nullopt));
  run.others_are_served();
}

void websocket_over_tls(const World& world) {
  Run run(world);
  run.serve(true);
  run.settle(chat(run.url("/echo", "ws"), world.authority->file()));
  run.others_are_served();
}

// Counts on the body if there was a response: nothing may be missing without an error.
void fetch(Run& run, const httpclient::AsyncHTTPClient& client, httpclient::HTTPRequest request,
           std::string_view body) {
  const auto response = client.fetch(std::move(request), false);
  if (run.settle(response) && response.result().code == 200 && response.result().body != body) {
    throw Broken("a response came without all of its body");
  }
}

void client_with_redirect(const World& world) {
  Run run(world);
  run.serve();
  const auto client = run.client();
  fetch(run, client, run.request("/moved"), "hello moved");
  fetch(run, client, run.request("/big"), std::string(2'000'000, 'x'));
  httpclient::HTTPRequest post = run.request("/");
  post.method = "POST";
  post.headers.set("Content-Type", "application/x-www-form-urlencoded");
  post.body = "a=1";
  fetch(run, client, post, "1");
  client.close();
  run.others_are_served();
}

void tls(const World& world) {
  Run run(world);
  run.serve(true);
  const auto client = run.client();
  fetch(run, client, run.request("/"), "hello world");
  fetch(run, client, run.request("/?name=again"), "hello again");
  client.close();
  const auto other = run.client();
  fetch(run, other, run.request("/big"), std::string(2'000'000, 'x'));
  other.close();
  run.others_are_served();
}

Future<void> use_child(std::string* said) {
  process::SubprocessOptions options;
  options.stdin_ = process::STREAM;
  options.stdout_ = process::STREAM;
  const process::Subprocess child({"/bin/cat"}, options);
  co_await child.stdin_.write("hello");
  child.stdin_.close();
  *said = co_await child.stdout_.read_until_close();
  co_await child.wait_for_exit(false);
}

void subprocess(const World& world) {
  Run run(world, true);
  std::string said;
  if (run.settle(use_child(&said)) && said != "hello") throw Broken("the child's output is cut");
}

void timers_and_signals(const World& world) {
  Run run(world, true);
  int timers = 0;
  int signals = 0;
  int posted = 0;
  auto& loop = run.loop();
  loop.add_signal_handler(SIGUSR1, [&](int) { ++signals; });
  for (int i = 0; i < 3; ++i) loop.call_later(0.01 * i, [&] { ++timers; });
  ::raise(SIGUSR1);
  std::thread other([&] { loop.add_callback([&] { ++posted; }); });
  try {
    run.until([&] { return timers == 3 && signals == 1 && posted == 1; });
  } catch (...) {
    other.join();
    throw;
  }
  other.join();
  const auto sum = loop.run_in_executor(nullptr, [] { return 3; });
  if (run.settle(sum) && sum.result() != 3) throw Broken("the executor's result is wrong");
}

void streams(const World& world) {
  Run run(world);
  netutil::Socket listener = netutil::bind_unix_socket(world.folder + "/socket");
  const netutil::Address address = listener.getsockname();
  struct Server : tcpserver::TCPServer {
    Future<void> handle_stream(iostream::IOStream stream, netutil::Address) override {
      const std::string line = co_await stream.read_until("\n", 100'000);
      co_await stream.write(line + line);
    }
  } server;
  server.add_socket(std::move(listener));
  const iostream::IOStream stream{netutil::Socket(netutil::Family::kUnix)};
  const auto talk = [](iostream::IOStream s, netutil::Address to) -> Future<std::string> {
    co_await s.connect(to);
    co_await s.write(std::string(50'000, 'a') + "\n");
    co_return co_await s.read_until_close();
  };
  const auto said = talk(stream, address);
  if (run.settle(said) && said.result().size() != 100'002 && !said.result().empty()) {
    // The server's end may have failed, and what it had sent before is then all there is.
    if (said.result().find_first_not_of("a\n") != std::string::npos) throw Broken("wrong bytes");
  }
  server.stop();
}

void resolver(const World& world) {
  Run run(world, true);
  netutil::ThreadedResolver resolver;
  for (const char* host : {"localhost", "127.0.0.1"}) {
    run.settle(resolver.resolve(host, 80));
  }
}

constexpr Scenario kScenarios[] = {
    {"three requests", three_requests},
    {"three connections", three_connections},
    {"big response", big_response},
    {"streamed response", streamed_response},
    {"static file", static_file},
    {"upload", upload},
    {"form and gzip", form_and_gzip},
    {"websocket with compression", websocket_with_compression},
    {"websocket over TLS", websocket_over_tls},
    {"client with redirect", client_with_redirect},
    {"TLS", tls},
    {"subprocess", subprocess},
    {"timers and signals", timers_and_signals},
    {"streams", streams},
    {"resolver", resolver},
};

// ---- scenarios with a defect --------------------------------------------------------------------

// Returns a descriptor, or -1 if the fault has struck.
int fragile_call() {
  return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

void loses_memory(const World& /*world*/) {
  static std::vector<std::string> lost;
  const netutil::Socket socket(fragile_call());
  if (socket.fileno() < 0) lost.emplace_back(1000, 'x');
}

void loses_a_descriptor(const World& /*world*/) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  const netutil::Socket first(ends[0]);
  const netutil::Socket socket(fragile_call());
  if (socket.fileno() >= 0) ::close(ends[1]);
}

void crashes(const World& /*world*/) {
  const netutil::Socket socket(fragile_call());
  if (socket.fileno() < 0) std::raise(SIGKILL);
}

void waits_for_ever(const World& world) {
  Run run(world);
  const netutil::Socket socket(fragile_call());
  run.until([&] { return socket.fileno() >= 0; });
}

void fails_without_a_fault(const World& /*world*/) {
  static int runs = 0;
  if (++runs == 3) throw std::runtime_error("of its own");
  const netutil::Socket socket(fragile_call());
}

constexpr Planted kPlanted[] = {
    {{"loses memory", loses_memory}, "memory is lost"},
    {{"loses a descriptor", loses_a_descriptor}, "descriptors are open"},
    {{"crashes", crashes}, "killed by signal"},
    {{"waits for ever", waits_for_ever}, "something waits for ever"},
    {{"fails without a fault", fails_without_a_fault}, "failed without a fault"},
};

}  // namespace

bool FastClock::skip(double seconds) {
  now_ += seconds;
  if (waits_for_others_) {
    const timespec little{0, 50'000};
    ::nanosleep(&little, nullptr);
  }
  return true;
}

std::span<const Scenario> scenarios() {
  return kScenarios;
}

std::span<const Planted> planted() {
  return kPlanted;
}

}  // namespace faults
