// Application and RequestHandler over real sockets: the end of a handler, as its client and the
// handler see it, whichever of them goes first.
#include <tornado/web.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../../http/server/server_test_tools.h"

namespace tornado::web {
namespace {

using test::Client;
using test::get;
using test::run_until;

// Events in order, and the futures that handlers wait for. Cleared by the fixture.
std::vector<std::string> events;
std::vector<Future<void>> gates;
int living = 0;

class WebServerTest : public ::testing::Test {
 protected:
  WebServerTest() {
    gates.clear();  // their callbacks hold handlers
    events.clear();
    living = 0;
  }

  httpserver::HTTPServer& serve(std::vector<URLSpec> routes, const Settings& settings = {}) {
    app_.emplace(std::move(routes), settings);
    server_ = &app_->listen(0, "127.0.0.1");
    return *server_;
  }
  Client connect() { return Client(loop_, server_->port()); }
  void some_rounds() {
    run_until(loop_, [n = 0]() mutable { return ++n > 5; });
  }
  std::size_t times(std::string_view event) const {
    return static_cast<std::size_t>(std::count(events.begin(), events.end(), event));
  }

  test::LogLines log_;
  ioloop::IOLoop loop_;
  std::optional<Application> app_;
  httpserver::HTTPServer* server_ = nullptr;
};

// Counts its instances and notes its hooks.
struct Noted : RequestHandler {
  Noted() { ++living; }
  ~Noted() override { --living; }
  void on_finish() override { events.push_back("on_finish"); }
  void on_connection_close() override { events.push_back("on_connection_close"); }
};

// Ends in the way that its path names.
struct Ways : Noted {
  Future<void> prepare() {
    if (request.path == "/prepare") finish("prepared");
    if (request.path == "/prepare-later") {
      co_await gen::moment;
      finish("prepared");
    }
    if (request.path == "/prepare-throws") throw HTTPError(403);
  }
  Future<void> get() {
    events.push_back("get");
    if (request.path == "/int") throw 7;
    if (request.path == "/Finish") throw Finish("enough");
    if (request.path == "/twice") {
      finish("once");
      finish("twice");
    }
    if (request.path == "/throws-after") {
      finish("done");
      throw std::runtime_error("after");
    }
    if (request.path == "/flushed") {
      write("part");
      co_await flush();
      throw HTTPError(500);
    }
    if (request.path == "/later-int") {
      co_await gen::moment;
      throw 7;
    }
    if (request.path == "/later") co_await gen::moment;
    write("ended");
  }
};

// WA-07
TEST_F(WebServerTest, listen_on_several_ports_each_with_its_options) {
  const std::uint16_t usual = serve({url<Ways>("/.*")}).port();
  httpserver::HTTPServerOptions options;
  options.no_keep_alive = true;
  const std::uint16_t closing = app_->listen(0, "127.0.0.1", options).port();
  Client kept(loop_, usual);
  for (std::size_t times = 1; times <= 2; ++times) {
    kept.send(get("/sync"));
    kept.until("ended", times);
  }
  Client closed(loop_, closing);
  closed.send(get("/sync"));
  EXPECT_TRUE(closed.until_end().ends_with("ended"));
  EXPECT_THROW(app_->listen(65536, "127.0.0.1"), std::invalid_argument);
}

// WH-06
TEST_F(WebServerTest, on_finish_comes_exactly_once_however_it_ends) {
  serve({url<Ways>("/.*")});
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"/prepare", "prepared"},
      {"/prepare-later", "prepared"},
      {"/prepare-throws", "403: Forb"},
      {"/int", "500: Internal Server Error"},
      {"/Finish", "enough"},
      {"/twice", "once"},
      {"/throws-after", "done"},
      {"/flushed", "4\r\npart\r\n0\r\n\r\n"},
      {"/later-int", "500: Internal"},
      {"/later", "ended"},
      {"/sync", "ended"}};
  for (const auto& [path, expected] : cases) {
    events.clear();
    Client client = connect();
    client.send(get(path));
    client.until(expected);
    EXPECT_EQ(times("on_finish"), 1U) << path;
    EXPECT_EQ(times("get"), path.starts_with("/prepare") ? 0U : 1U) << path;
    client.send(get("/sync"));  // the connection can take another
    client.until("ended", expected == "ended" ? 2 : 1);
    client.half_close();
    client.until_end();
    EXPECT_EQ(times("on_finish"), 2U) << path;
    EXPECT_EQ(times("on_connection_close"), 0U) << path;
  }
  some_rounds();
  EXPECT_EQ(living, 0);
}

struct Async : Noted {
  asynchronous get() {
    gates.emplace_back();
    gates.back().add_done_callback([this](const Future<void>&) { finish("at last"); });
    return {};
  }
};

// GEN-20
TEST_F(WebServerTest, an_asynchronous_handler_and_its_client) {
  serve({url<Async>("/")});
  Client stays = connect();
  stays.send(get());
  run_until(loop_, [] { return gates.size() == 1; });
  gates[0].set_result();
  stays.until("at last");
  EXPECT_EQ(events, std::vector<std::string>{"on_finish"});

  events.clear();
  Client leaves = connect();
  leaves.send(get());
  run_until(loop_, [] { return gates.size() == 2; });
  leaves.reset();
  run_until(loop_, [] { return !events.empty(); });
  gates[1].set_result();
  some_rounds();
  EXPECT_EQ(events, (std::vector<std::string>{"on_connection_close", "on_finish"}));
  EXPECT_EQ(living, 0);
}

// ---- the client goes at each await --------------------------------------------------------------

struct FourAwaits : Noted {
  Future<void> post() {
    for (int i = 0; i < 4; ++i) {
      gates.emplace_back();
      const Future<void> gate = gates.back();
      co_await gate;
      write("part " + std::to_string(i) + ";");
      if (i == 2) flush();
    }
    events.push_back("ran to its end");
  }
};

enum class Leave { kClose, kReset, kHalfClose };

class Leaving : public WebServerTest, public ::testing::WithParamInterface<Leave> {};

TEST_P(Leaving, at_each_await_of_a_handler) {
  serve({url<FourAwaits>("/")});
  for (std::size_t k = 1; k <= 4; ++k) {
    events.clear();
    gates.clear();
    Client client = connect();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na");
    for (std::size_t i = 1; i < k; ++i) {
      run_until(loop_, [&] { return gates.size() == i; });
      gates[i - 1].set_result();
    }
    run_until(loop_, [&] { return gates.size() == k; });
    if (GetParam() == Leave::kClose) client.close();
    if (GetParam() == Leave::kReset) client.reset();
    if (GetParam() == Leave::kHalfClose) client.half_close();
    run_until(loop_, [&] { return times("on_connection_close") == 1; });
    for (std::size_t i = k; i <= 4; ++i) {
      run_until(loop_, [&] { return gates.size() == i; });
      gates[i - 1].set_result();
    }
    run_until(loop_, [&] { return times("on_finish") == 1; });
    if (GetParam() == Leave::kHalfClose) {
      EXPECT_TRUE(client.until_end().ends_with("part 3;\r\n0\r\n\r\n")) << client.received;
    }
    run_until(loop_, [&] { return server_->connection_count() == 0; });
    EXPECT_EQ(events,
              (std::vector<std::string>{"on_connection_close", "ran to its end", "on_finish"}))
        << k;
    EXPECT_EQ(living, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, Leaving,
                         ::testing::Values(Leave::kClose, Leave::kReset, Leave::kHalfClose));

TEST_F(WebServerTest, the_application_goes_while_a_coroutine_waits) {
  serve({url<FourAwaits>("/"), url<Async>("/async")});
  Client client = connect();
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na");
  Client other = connect();
  other.send(get("/async"));
  run_until(loop_, [] { return gates.size() == 2; });
  app_.reset();
  EXPECT_EQ(client.until_end(), "");
  some_rounds();  // the connection has released its handlers
  EXPECT_EQ(living, 2);
  const Future<void> of_async = gates[1];
  Future<void> gate = gates[0];
  for (std::size_t next = 2; next <= 5; ++next) {
    gate.set_result();
    run_until(loop_, [&] { return gates.size() == next + 1 || living == 1; });
    gate = gates.back();
  }
  of_async.set_result();  // its callback kept the asynchronous one alive
  run_until(loop_, [] { return living == 0; });
  EXPECT_EQ(times("ran to its end"), 1U);
  EXPECT_EQ(times("on_finish"), 2U);
  EXPECT_EQ(living, 0);
}

struct AsksForItsUrl : Noted {
  Future<void> get() {
    const Future<void> gate = gates.emplace_back();
    co_await gate;
    events.push_back(reverse_url("own", 7));
    events.push_back(reverse("none", {}).value_or("nothing"));
    try {
      events.push_back(reverse_url("none"));
    } catch (const std::out_of_range& error) {
      events.push_back(error.what());
    }
    events.push_back(settings().login_url);
  }
};

// WA-10
TEST_F(WebServerTest, a_handler_that_outlives_its_application_still_knows_the_routes) {
  Settings settings;
  settings.login_url = "/login";
  serve({url<AsksForItsUrl>("/"), url<Ways>("/of/(?:.*)", "unused"),
         Rule(
             "/own/(.*)", [](const httputil::HTTPServerRequest&) {}, "own")},
        settings);
  Client client = connect();
  client.send(get());
  run_until(loop_, [] { return gates.size() == 1; });
  app_.reset();
  gates[0].set_result();
  run_until(loop_, [] { return living == 0; });
  EXPECT_EQ(events,
            (std::vector<std::string>{"on_connection_close", "/own/7", "nothing",
                                      "none not found in named urls", "/login", "on_finish"}));
}

TEST_F(WebServerTest, the_loop_closes_while_handlers_wait) {
  serve({url<FourAwaits>("/"), url<Async>("/async")});
  Client client = connect();
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na");
  Client other = connect();
  other.send(get("/async"));
  run_until(loop_, [] { return gates.size() == 2; });
  gates.clear();
  loop_.close();
  EXPECT_EQ(server_->connection_count(), 0U);
  app_.reset();
  EXPECT_EQ(times("on_finish"), 2U);
  EXPECT_EQ(living, 0);
}

// ---- the application goes from inside -----------------------------------------------------------

std::function<void()> destroy_application;

struct Destroyer : Noted {
  void get() {
    destroy_application();
    write("nobody reads this");
  }
};

TEST_F(WebServerTest, a_handler_destroys_its_application) {
  serve({url<Destroyer>("/")});
  destroy_application = [this] { app_.reset(); };
  Client client = connect();
  client.send(get() + get());
  EXPECT_EQ(client.until_end(), "");
  some_rounds();
  EXPECT_EQ(times("on_finish"), 1U);
  EXPECT_EQ(living, 0);
  destroy_application = nullptr;
}

// ---- what fails ---------------------------------------------------------------------------------

struct BadLength : Noted {
  void get() {
    set_header("Content-Length", "many");
    write("x");
  }
};

struct BadErrorPage : Noted {
  void get() { throw HTTPError(500); }
  void write_error(int, const ErrorInfo&) override {
    set_status(204);
    write("a body that 204 cannot have");
  }
};

struct BadDefaults : Noted {
  void set_default_headers() override { throw std::runtime_error("no defaults"); }
  void get() {}
};

struct LongBody : Noted {
  void get() {
    set_header("Content-Length", 1);
    write("xyz");
  }
};

TEST_F(WebServerTest, a_Content_Length_that_is_not_a_number_is_a_500) {
  serve({url<BadLength>("/")});
  Client client = connect();
  client.send(get());
  client.until("500: Internal Server Error");
  EXPECT_EQ(times("on_finish"), 1U);
}

TEST_F(WebServerTest, where_no_error_page_can_be_made_the_connection_closes) {
  serve({url<BadErrorPage>("/page"), url<BadDefaults>("/defaults"), url<LongBody>("/long")});
  for (const char* path : {"/page", "/defaults", "/long"}) {
    events.clear();
    Client client = connect();
    client.send(get(path));
    EXPECT_EQ(client.until_end(), "") << path;
    some_rounds();
    EXPECT_EQ(times("on_finish"), 1U) << path;
    EXPECT_EQ(living, 0) << path;
  }
}

TEST_F(WebServerTest, on_finish_comes_also_if_the_log_fails) {
  Settings settings;
  settings.log_function = [](const RequestHandler&) { throw std::runtime_error("disk full"); };
  serve({url<Ways>("/.*")}, settings);
  Client client = connect();
  client.send(get());
  client.until("ended");
  EXPECT_EQ(times("on_finish"), 1U);
}

// Counts requests that have begun, and holds them until `gate` is done.
struct SizeHandler : RequestHandler {
  Future<void> post() {
    ++begun;
    const Future<void> open = *gate;
    co_await open;
    write(std::to_string(request.body.size()));
  }

  static inline int begun = 0;
  static inline std::optional<Future<void>> gate;
};

TEST_F(WebServerTest, a_body_counts_once_for_an_application_behind_a_callback) {
  SizeHandler::gate.emplace();
  SizeHandler::begun = 0;
  Application app({url<SizeHandler>("/")});
  httpserver::HTTPServerOptions options;
  options.max_buffered_total = 150'000;
  httpserver::HTTPServer server(
      [&app](httputil::HTTPServerRequest request) { app(std::move(request)); }, options);
  server.listen(0, "127.0.0.1");
  const auto post = [](const std::string& body) {
    return "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  };
  Client first(loop_, server.port());
  first.send(post(std::string(100'000, 'x')));
  test::run_until(loop_, [&] {
    first.pump();
    return SizeHandler::begun == 1;
  });
  Client second(loop_, server.port());
  second.send(post(std::string(40'000, 'x')));
  test::run_until(loop_, [&] {
    second.pump();
    return SizeHandler::begun == 2 || second.ended;
  });
  SizeHandler::gate->set_result();
  first.until("\r\n\r\n100000");
  second.until("\r\n\r\n40000");
  SizeHandler::gate.reset();
}

struct ThrowsWhenMade : RequestHandler {
  ThrowsWhenMade() { throw std::runtime_error("not today"); }
  void get() {}
};

TEST_F(WebServerTest, a_handler_that_cannot_be_made_closes_the_connection) {
  serve({url<ThrowsWhenMade>("/"), url<Ways>("/.+")});
  Client client = connect();
  client.send(get());
  EXPECT_EQ(client.until_end(), "");
  EXPECT_EQ(log_.count("not today"), 1U);
  Client next = connect();
  next.send(get("/x"));
  next.until("ended");
}

// Code that receives a request and throws ends its connection, however the request got there.
// WX-07 WA-13
TEST_F(WebServerTest, what_a_function_throws_closes_the_connection) {
  const auto throwing = [](const httputil::HTTPServerRequest&) {
    throw std::runtime_error("not today");
  };
  Application inner({Rule("/inner/function", throwing), url<ThrowsWhenMade>("/inner/made"),
                     url<Ways>("/inner/works")});
  const auto hand_on = [&inner](httputil::HTTPServerRequest request) { inner(std::move(request)); };
  serve({url<FallbackHandler>("/fallback", {.fallback = throwing}), Rule("/rule", throwing),
         Rule("/inner/.*", hand_on)});
  std::size_t logged = 0;
  for (const char* path : {"/fallback", "/rule", "/inner/function", "/inner/made"}) {
    Client client = connect();
    client.send(get(path));
    EXPECT_EQ(client.until_end(), "") << path;
    EXPECT_EQ(log_.count("not today"), ++logged) << path;
  }
  Client next = connect();
  next.send(get("/inner/works"));
  next.until("ended");
}

// ---- flow ---------------------------------------------------------------------------------------

std::size_t flushed = 0;

struct Fifty : Noted {
  Future<void> get() {
    const std::string piece(65536, 'x');
    for (int i = 0; i < 800; ++i) {
      write(piece);
      co_await flush();
      flushed += piece.size();
    }
  }
};

// WH-13
TEST_F(WebServerTest, fifty_megabytes_by_flush_to_a_slow_reader) {
  flushed = 0;
  serve({url<Fifty>("/")});
  Client client(loop_, server_->port(), 65536);
  client.send(get());
  std::size_t read = 0;
  std::size_t most = 0;
  std::string tail;
  run_until(loop_, [&] {
    client.pump(200'000);
    tail += client.take();
    read += tail.size() - std::min<std::size_t>(tail.size(), 5);
    tail.erase(0, tail.size() - std::min<std::size_t>(tail.size(), 5));
    most = std::max(most, flushed - std::min(flushed, read));
    return tail == "0\r\n\r\n";
  });
  EXPECT_GT(read, 800U * 65536U);
  EXPECT_LT(most, 8'000'000U);  // the kernel's buffers and two pieces
  EXPECT_EQ(times("on_finish"), 1U);
}

// WH-13
TEST_F(WebServerTest, a_flush_fails_when_the_reader_leaves) {
  flushed = 0;
  serve({url<Fifty>("/")});
  Client client(loop_, server_->port(), 65536);
  client.send(get());
  run_until(loop_, [&] { return flushed > 0; });
  client.reset();
  run_until(loop_, [&] { return times("on_finish") == 1; });
  some_rounds();
  EXPECT_LT(flushed, 800U * 65536U);
  EXPECT_EQ(times("on_connection_close"), 1U);
  EXPECT_EQ(living, 0);
}

// ---- detach -------------------------------------------------------------------------------------

// Leaves HTTP, and echoes every line until one says "end".
struct Echoes : Noted {
  Future<void> get() {
    if (request.path == "/later") co_await gen::moment;
    set_status(101);
    set_header("Upgrade", "echo");
    set_header("Connection", "Upgrade");
    const Future<void> sent = flush();
    co_await sent;
    iostream::IOStream stream = detach();
    EXPECT_TRUE(finished());
    for (std::string line; line != "end\n";) {
      try {
        const Future<std::string> read = stream.read_until("\n");
        line = co_await read;
      } catch (const iostream::StreamClosedError&) {
        events.push_back("closed");
        co_return;
      }
      const Future<void> written = stream.write("you said " + line);
      co_await written;
    }
    stream.close();
  }
};

// WH-39
TEST_F(WebServerTest, detach_hands_the_connection_over) {
  for (const char* path : {"/", "/later"}) {
    events.clear();
    httpserver::HTTPServer& server = serve({url<Echoes>("/.*")});
    Client client = connect();
    client.send(get(path) + "behind the request\n");
    client.until("you said behind the request\n");
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
    EXPECT_EQ(server.connection_count(), 0U);  // the server has released it
    EXPECT_EQ(times("on_finish"), 1U);
    client.send("hello\n");
    client.until("you said hello\n");
    client.send("end\nnever read\n");
    run_until(loop_, [&] {
      client.pump();
      return client.ended;
    });
    EXPECT_TRUE(client.received.ends_with("you said end\n"));
    some_rounds();
    EXPECT_EQ(living, 0);
    EXPECT_EQ(times("on_connection_close"), 0U);
  }
}

// WH-39
TEST_F(WebServerTest, after_detach_a_client_that_leaves_is_the_streams_affair) {
  serve({url<Echoes>("/.*")});
  Client client = connect();
  client.send(get("/"));
  client.until("\r\n\r\n");
  client.reset();
  run_until(loop_, [this] { return times("closed") == 1; });
  some_rounds();
  EXPECT_EQ(living, 0);
  EXPECT_EQ(times("on_connection_close"), 0U);
  EXPECT_EQ(times("on_finish"), 1U);
}

// WH-39
TEST_F(WebServerTest, a_detached_stream_outlives_its_server) {
  serve({url<Echoes>("/.*")});
  Client client = connect();
  client.send(get("/"));
  client.until("\r\n\r\n");
  app_.reset();
  client.send("still\n");
  client.until("you said still\n");
  client.send("end\n");
  client.until("you said end\n");
  some_rounds();
  EXPECT_EQ(living, 0);
}

// WH-39
TEST_F(WebServerTest, nothing_is_detached_from_a_client_that_has_gone) {
  struct Late : Noted {
    Future<void> get() {
      const Future<void> gate = gates.emplace_back();
      co_await gate;
      EXPECT_THROW(detach(), iostream::StreamClosedError);
    }
  };
  serve({url<Late>("/")});
  Client client = connect();
  client.send(get("/"));
  run_until(loop_, [] { return !gates.empty(); });
  client.reset();
  run_until(loop_, [this] { return times("on_connection_close") == 1; });
  gates.front().set_result();
  run_until(loop_, [] { return living == 0; });
  EXPECT_EQ(times("on_finish"), 1U);
}

}  // namespace
}  // namespace tornado::web
