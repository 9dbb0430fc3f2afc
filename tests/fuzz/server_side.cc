#include "server_side.h"

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <tornado/gen.h>
#include <tornado/httpserver.h>
#include <tornado/iostream.h>
#include <tornado/log.h>
#include <tornado/netutil.h>
#include <tornado/web.h>
#include <tornado/websocket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "check.h"
#include "peer.h"
#include "reader.h"
#include "testing/authority.h"

namespace tornado::fuzz {

Defect planted = Defect::kNone;

namespace {

// ---- the server ---------------------------------------------------------------------------------

constexpr std::size_t kMostBytes = 8 << 20;  // in memory, of all connections together
constexpr double kPatience = 4000;           // virtual seconds: more than all timeouts together
constexpr std::size_t kMaxResponse = 60'000;

// Records what the server did in this run.
struct Ledger {
  std::uint64_t started = 0;
  std::uint64_t finished = 0;
  std::size_t messages = 0;
  int living = 0;
  std::string hoard;
};
Ledger ledger;

// Every response says which request it belongs to.
template <class Base>
struct Numbered : Base {
  Numbered() { ++ledger.living; }
  ~Numbered() override { --ledger.living; }
  void set_default_headers() override {
    if (id_ == 0) id_ = ++ledger.started;
    const bool wrong = planted == Defect::kId && id_ % 2 == 0;
    this->set_header("X-Id", std::to_string(wrong ? id_ - 1 : id_));
    this->set_header("X-Method", this->request.method);
  }
  void on_finish() override {
    ++finished_;
    const bool on_finish_was_called_once = finished_ == 1;
    FUZZ_CHECK(on_finish_was_called_once);
    ++ledger.finished;
  }

 private:
  std::uint64_t id_ = 0;
  int finished_ = 0;
};

// Serves /SIZE/HOW, and whatever else comes.
struct Answer : Numbered<web::RequestHandler> {
  Future<void> any_method() {
    std::size_t size = 0;
    const std::string& path = request.path;
    std::from_chars(path.data() + 1, path.data() + path.size(), size);
    size %= kMaxResponse;
    const std::string how = path.substr(path.rfind('/') + 1);
    if (planted != Defect::kNone) misbehave();
    set_header("X-Size", std::to_string(size));
    if (how == "throw") throw std::runtime_error("as asked");
    if (how == "moved") {
      redirect("/1/now");
      co_return;
    }
    if (how == "nothing") {
      set_status(204);
      co_return;
    }
    if (how == "form") get_body_argument("a");
    if (how == "later") co_await gen::sleep(static_cast<double>(size % 50) * 0.1);
    if (how == "late") co_await gen::sleep(100);
    if (how == "length") set_header("Content-Length", std::to_string(size));
    std::size_t left = size;
    if (how == "stream" || how == "length") {
      for (; left > 10; left -= left / 3) {
        write(std::string(left / 3, 'x'));
        co_await flush();
        co_await gen::sleep(0.3);
      }
    }
    write(std::string(left, planted == Defect::kBody ? 'y' : 'x'));
  }

  void misbehave() {
    if (planted == Defect::kMemory) ledger.hoard.assign(2 * kMostBytes, 'm');
    if (planted == Defect::kDescriptor) static_cast<void>(::dup(STDERR_FILENO));
    if (planted == Defect::kHandler) ++ledger.living;
  }
};

// Reads the body itself, slowly.
struct Upload : Numbered<web::RequestHandler> {
  Future<void> data_received(std::string chunk) {
    size_ += chunk.size();
    if (chunk.size() % 2 == 0) co_await gen::sleep(0.1);
  }
  void post() { finish_upload(); }
  void put() { finish_upload(); }
  void finish_upload() {
    const std::size_t size = size_ % kMaxResponse;
    set_header("X-Size", std::to_string(size));
    write(std::string(size, 'x'));
  }
  std::size_t size_ = 0;
};

struct Echo : Numbered<websocket::WebSocketHandler> {
  std::optional<websocket::CompressionOptions> get_compression_options() override {
    websocket::CompressionOptions options;
    options.mem_level = 1;
    return options;
  }
  bool check_origin(const std::string& /*origin*/) override { return true; }
  double ping_interval() const override { return 30; }
  Future<void> on_message(websocket::Message message) {
    ++ledger.messages;
    if (message.data == "later") co_await gen::sleep(1);
    if (message.data == "close") close(4000, "as asked");
    if (message.data == "throw") throw std::runtime_error("as asked");
    if (message.data == "ping") ping("x");
    if (planted == Defect::kMessage) write_message(message);
    co_await write_message(message);
  }
};

web::Settings settings() {
  web::Settings settings;
  settings.compress_response = true;
  settings.websocket_max_message_size = 20'000;
  return settings;
}

// ---- TLS ----------------------------------------------------------------------------------------

struct Tls {
  Tls() {
    ssl::SSLOptions options;
    options.certfile = identity.file;
    server = netutil::ssl_options_to_context(options, true);
    client.reset(::SSL_CTX_new(::TLS_client_method()));
  }
  struct Free {
    void operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }
  };
  testing::Authority authority;
  testing::Identity identity = authority.issue();
  std::optional<ssl::SSLContext> server;
  std::unique_ptr<SSL_CTX, Free> client;
};

// ---- a run --------------------------------------------------------------------------------------

enum Flag : std::uint8_t {
  kStays = 1,     // in the end the clients neither close nor send; the server's timeouts do it
  kShutdown = 2,  // in the end the server shuts down
  kProxy = 4,     // connections begin with the header of the PROXY protocol
  kTrusting = 8,  // X-Forwarded-For and others count
  kPacked = 16,   // bodies are decompressed
  kCrowded = 32,  // two connections at most
};

// Without a listener.
struct Server : httpserver::HTTPServer {
  using HTTPServer::handle_stream;
  using HTTPServer::HTTPServer;
};

class Run {
 public:
  Run(const Script& script, Tls* tls)
      : script_(script),
        tls_(tls),
        app_({web::url<Echo>("/ws"), web::url<Upload>("/up"), web::url<Answer>(".*")}, settings()),
        server_(app_, options(script, tls)) {}

  void play();

 private:
  struct End {
    std::unique_ptr<Peer> peer;
    std::unique_ptr<Reader> reader;
  };

  static httpserver::HTTPServerOptions options(const Script& script, const Tls* tls);
  End& end(std::size_t number);
  void connect(std::size_t number);
  void play(const Step& step);
  void send(const Step& step);
  void settle(double seconds = 0);
  bool pump();
  void finish();

  const Script& script_;
  Tls* const tls_;
  World world_;
  web::Application app_;
  Server server_;
  std::array<End, kConnections> ends_;
  std::set<std::uint64_t> seen_;
};

httpserver::HTTPServerOptions Run::options(const Script& script, const Tls* tls) {
  httpserver::HTTPServerOptions options;
  options.max_header_size = 4096;
  options.max_header_fields = 50;
  options.max_body_size = 50'000;
  options.max_buffered_total = 80'000;
  options.idle_connection_timeout = 300;
  const std::uint8_t flags = script.flags[0];
  options.proxy_protocol = (flags & kProxy) != 0 && tls == nullptr;
  options.xheaders = (flags & kTrusting) != 0;
  options.decompress_request = (flags & kPacked) != 0;
  if ((flags & kCrowded) != 0) options.max_connections = 2;
  if (tls != nullptr) options.protocol = "https";
  return options;
}

Run::End& Run::end(std::size_t number) {
  if (ends_[number].peer == nullptr) connect(number);
  return ends_[number];
}

void Run::connect(std::size_t number) {
  int ends[2];
  FUZZ_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  netutil::Socket socket(ends[1]);
  const iostream::IOStream stream =
      tls_ == nullptr ? iostream::IOStream(std::move(socket))
                      : iostream::SSLIOStream(std::move(socket), *tls_->server, true);
  const netutil::Address client("10.0.0." + std::to_string(number + 1), 4000);
  const Future<void> handled = server_.handle_stream(stream, client);
  FUZZ_CHECK(handled.done() && handled.exception() == nullptr);
  ends_[number].peer =
      std::make_unique<Peer>(ends[0], tls_ == nullptr ? nullptr : tls_->client.get());
  ends_[number].reader = std::make_unique<Reader>(seen_);
}

void Run::settle(double seconds) {
  world_.turn(seconds);
  while (pump()) world_.turn();
  const bool memory_is_bounded = world_.growth() < kMostBytes;
  FUZZ_CHECK(memory_is_bounded);
}

bool Run::pump() {
  bool moved = false;
  for (End& one : ends_) {
    if (one.peer == nullptr) continue;
    moved |= one.peer->pump();
    one.reader->read(one.peer->received);
  }
  return moved;
}

void Run::send(const Step& step) {
  Peer& peer = *end(step.connection).peer;
  const std::string bytes = wire_bytes(step, true);
  const std::size_t size = piece_size(step.cut);
  std::size_t at = 0;
  for (int pieces = 0; pieces < 50 && bytes.size() - at > size; ++pieces, at += size) {
    peer.send(std::string_view(bytes).substr(at, size));
    settle();
  }
  const std::string_view rest = std::string_view(bytes).substr(at);
  step.cut == kRaw ? peer.send_beside_tls(rest) : peer.send(rest);
}

void Run::play(const Step& step) {
  switch (step.action) {
    case Action::kPause:
      return settle(step.number * 0.1);
    case Action::kEnd:
      end(step.connection).peer->end();
      break;
    case Action::kClose:
      ends_[step.connection].peer.reset();
      break;
    case Action::kStall: {
      Peer& peer = *end(step.connection).peer;
      peer.stall(!peer.stalled());
      break;
    }
    default:
      send(step);
  }
  settle();
}

void Run::play() {
  for (const Step& step : script_.steps) play(step);
  finish();
}

void Run::finish() {
  const std::uint8_t flags = script_.flags[0];
  if ((flags & kStays) == 0) {
    for (End& one : ends_) one.peer.reset();
  }
  std::optional<Future<httpserver::ShutdownReport>> ending;
  if ((flags & kShutdown) != 0) ending = server_.shutdown(20);
  double left = kPatience;
  for (double pause = 0.1; left > 0 && (server_.connection_count() > 0 || ledger.living > 0);) {
    settle(pause);
    left -= pause;
    pause *= 2;
  }
  const bool no_connection_is_left = server_.connection_count() == 0;
  FUZZ_CHECK(no_connection_is_left);
  const bool no_handler_is_left = ledger.living == 0;
  FUZZ_CHECK(no_handler_is_left);
  FUZZ_CHECK(ledger.finished == ledger.started);
  if (ending) {
    settle();
    const bool shutdown_has_ended = ending->done() && ending->exception() == nullptr;
    FUZZ_CHECK(shutdown_has_ended);
  }
  std::size_t echoed = 0;
  for (const End& one : ends_) echoed += one.reader != nullptr ? one.reader->messages() : 0;
  const bool no_message_is_echoed_twice = echoed <= ledger.messages;
  FUZZ_CHECK(no_message_is_echoed_twice);
}

struct Quiet {
  bool operator()(const log::Record& /*record*/) const { return true; }
};

}  // namespace

void play_to_server(std::string_view script, bool tls) {
  static const log::Capture<Quiet> quiet{Quiet()};
  static std::unique_ptr<Tls> identity = tls ? std::make_unique<Tls>() : nullptr;
  ledger = Ledger();
  const int open_before = open_descriptors();
  Run(parse_script(script), identity.get()).play();
  const bool no_descriptor_is_left = open_descriptors() == open_before;
  FUZZ_CHECK(no_descriptor_is_left);
}

}  // namespace tornado::fuzz
