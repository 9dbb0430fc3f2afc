// web::asynchronous: the fate of a request when the callbacks that it started fail, never run, or
// run after the client has left.
#include <tornado/gen.h>
#include <tornado/httpclient.h>
#include <tornado/stack_context.h>
#include <tornado/web.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../../http/server/server_test_tools.h"

namespace tornado::web {
namespace {

using test::Client;
using test::get;
using test::run_until;

std::vector<std::string> events;
int living = 0;

struct Noted : RequestHandler {
  Noted() { ++living; }
  ~Noted() override { --living; }
  void on_finish() override { events.push_back("on_finish"); }
  static ioloop::IOLoop& loop() { return ioloop::IOLoop::current(); }
};

class AsynchronousTest : public ::testing::Test {
 protected:
  AsynchronousTest() {
    events.clear();
    living = 0;
  }
  ~AsynchronousTest() override {
    server_ = nullptr;
    app_.reset();
    EXPECT_EQ(living, 0);
  }

  template <class H>
  void serve(const Settings& settings = {}) {
    app_.emplace(std::vector<URLSpec>{url<H>("/.*")}, settings);
    server_ = &app_->listen(0, "127.0.0.1");
  }
  Client connect() { return Client(loop_, server_->port()); }
  void some_rounds() {
    run_until(loop_, [n = 0]() mutable { return ++n > 5; });
  }
  static std::size_t times(std::string_view event) {
    return static_cast<std::size_t>(std::count(events.begin(), events.end(), event));
  }

  test::LogLines log_;
  ioloop::IOLoop loop_;
  std::optional<Application> app_;
  httpserver::HTTPServer* server_ = nullptr;
};

// ---- the loop's end -----------------------------------------------------------------------------

struct Lasts : Noted {
  Future<void> get() { co_await gen::sleep(1000); }
  asynchronous post() { return {}; }
};

// Like the main() of a Python program: everything lives in its frame.
Future<void> serve_in_frame(std::uint16_t& port) {
  Application app({url<Lasts>("/.*")});
  port = app.listen(0, "127.0.0.1").port();
  const Future<void> end;
  co_await end;
}

TEST_F(AsynchronousTest, an_application_in_a_frame_goes_with_its_loop) {
  std::uint16_t port = 0;
  static_cast<void>(serve_in_frame(port));
  Client waits(loop_, port);
  Client behind(loop_, port);
  Client silent(loop_, port);
  waits.send(get("/"));
  behind.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n" + get("/next"));
  silent.send("GET /");
  run_until(loop_, [] { return living == 2; });
  some_rounds();
  loop_.close();
  EXPECT_EQ(living, 0);
}

// ---- threads ------------------------------------------------------------------------------------

struct OnThread : Noted {
  asynchronous get() {
    std::thread([this] {
      try {
        finish("lost");
      } catch (const std::logic_error& error) {
        events.push_back(error.what());
      }
    }).join();
    clear();
    finish("here");
    return {};
  }
};

TEST_F(AsynchronousTest, a_thread_of_the_program_gets_an_error_if_it_responds) {
  serve<OnThread>();
  Client client = connect();
  client.send(get("/"));
  client.until("here");
  EXPECT_NE(events.front().find("hand over with IOLoop::add_callback"), std::string::npos);
}

// ---- errors -------------------------------------------------------------------------------------

// Starts the kind of callback that its path names; the callback throws what the query names.
struct Fails : Noted {
  struct Page : std::runtime_error {
    using std::runtime_error::runtime_error;
  };
  [[noreturn]] void fail() {
    const std::string what = get_argument("what", "error");
    if (what == "403") throw HTTPError(403, "not for you");
    if (what == "500") throw HTTPError(500);
    if (what == "Finish") throw Finish("enough");
    if (what == "int") throw 7;
    throw Page("lost");
  }
  asynchronous get() {
    write("nobody sees this");
    const std::string& path = request.path;
    if (path == "/at_once") fail();
    if (path == "/add_callback") loop().add_callback([this] { fail(); });
    if (path == "/call_later") loop().call_later(1e-6, [this] { fail(); });
    if (path == "/chain") {
      loop().add_callback([this] { loop().call_later(0, [this] { later(); }); });
    }
    if (path == "/future") {
      Future<void> future;
      future.add_done_callback([this](const auto&) { fail(); });
      future.set_result();
    }
    if (path == "/executor") {
      const auto job = loop().run_in_executor(nullptr, [] { throw std::runtime_error("job"); });
      job.add_done_callback([this](const Future<void>& done) {
        if (request.query.empty()) done.result();
        fail();
      });
    }
    if (path == "/coroutine") {
      loop().add_callback([this]() -> Future<void> {
        co_await gen::moment;
        co_await gen::sleep(0);
        fail();
      });
    }
    return {};
  }
  void later() { loop().add_callback(&Fails::fail, this); }
};

// GEN-20 WH-44
TEST_F(AsynchronousTest, an_exception_in_a_later_callback_is_the_requests_error_page) {
  serve<Fails>();
  Client client = connect();
  std::size_t asked = 0;
  for (const std::string path : {"/at_once", "/add_callback", "/call_later", "/chain", "/future",
                                 "/executor", "/coroutine"}) {
    const std::pair<std::string, std::string> kinds[] = {
        {"", "HTTP/1.1 500 Internal Server Error"},
        {"?what=403", "HTTP/1.1 403 Forbidden"},
        {"?what=500", "HTTP/1.1 500 Internal Server Error"},
        {"?what=Finish", "HTTP/1.1 200 OK"},
        {"?what=int", "HTTP/1.1 500 Internal Server Error"}};
    for (const auto& [query, expected] : kinds) {
      client.take();
      client.send(get(path + query));
      client.until(expected);  // on the same connection: it can still be used
      client.until("\r\n\r\n");
      EXPECT_EQ(client.received.ends_with("nobody sees thisenough"), query == "?what=Finish")
          << client.received;
      EXPECT_EQ(times("on_finish"), ++asked) << path << query;
    }
  }
  // LG-01: an error of the program is logged once, with its origin; an HTTPError's message is
  // logged as a warning.
  EXPECT_EQ(log_.count("Uncaught exception GET /chain (127.0.0.1)"), 1U);
  EXPECT_EQ(log_.count("Uncaught exception GET /chain?what=int (127.0.0.1)"), 1U);
  EXPECT_EQ(log_.count("403 GET /future?what=403 (127.0.0.1): not for you"), 1U);
  EXPECT_EQ(log_.count("Uncaught exception GET /future?what=500"), 0U);
  EXPECT_EQ(log_.count("Exception in callback"), 0U);
}

struct FailsTwice : Noted {
  asynchronous get() {
    for (int i = 0; i < 3; ++i) loop().add_callback([] { throw std::runtime_error("again"); });
    return {};
  }
};

// GEN-20
TEST_F(AsynchronousTest, of_several_exceptions_the_first_answers_and_all_are_logged) {
  serve<FailsTwice>();
  Client client = connect();
  client.send(get());
  client.until("500: Internal Server Error</body>");
  some_rounds();
  client.pump();
  EXPECT_EQ(test::occurrences(client.received, "HTTP/1.1"), 1U);
  EXPECT_EQ(log_.count("again"), 3U);
  EXPECT_EQ(times("on_finish"), 1U);
}

struct FailsAfter : Noted {
  asynchronous get() {
    if (request.path == "/finish") {
      finish("all");
      loop().add_callback([] { throw std::runtime_error("after finish"); });
    } else if (request.path == "/length") {
      set_header("Content-Length", 100);
      write("some");
      flush();
      loop().add_callback([] { throw std::runtime_error("after flush"); });
    } else if (request.path == "/twice") {
      loop().add_callback([this] {
        finish("once");
        finish("twice");
      });
    } else {
      write("some");
      flush();
      loop().add_callback([] { throw std::runtime_error("after flush"); });
    }
    return {};
  }
};

// GEN-20
TEST_F(AsynchronousTest, an_exception_after_finish_is_only_logged) {
  serve<FailsAfter>();
  Client client = connect();
  client.send(get("/finish"));
  client.until("\r\n\r\nall");
  run_until(loop_, [&] { return log_.count("after finish") == 1; });
  client.take();
  client.send(get("/twice"));
  client.until("once");
  run_until(loop_, [&] { return log_.count("finish() called twice") == 1; });
  client.pump();
  EXPECT_FALSE(client.ended);
  EXPECT_EQ(times("on_finish"), 2U);
}

// WH-44
TEST_F(AsynchronousTest, an_exception_after_flush_ends_the_response) {
  serve<FailsAfter>();
  Client client = connect();
  client.send(get("/flush"));
  client.until("4\r\nsome\r\n0\r\n\r\n");
  EXPECT_EQ(log_.count("Cannot send error response after headers written"), 1U);
  // If the length was announced, the connection's end shows the client that the rest is missing.
  Client other = connect();
  other.send(get("/length"));
  EXPECT_TRUE(other.until_end().ends_with("\r\n\r\nsome"));
  EXPECT_EQ(times("on_finish"), 2U);
}

struct Early : Noted {
  struct Init {};
  void initialize(const Init&) {
    if (request.path == "/initialize") loop().add_callback([] { throw HTTPError(401); });
  }
  void prepare() {
    if (request.path == "/prepare") loop().add_callback([] { throw HTTPError(402); });
  }
  asynchronous get() { return {}; }
};

// GEN-20
TEST_F(AsynchronousTest, what_initialize_and_prepare_start_belongs_to_the_request) {
  serve<Early>();
  Client client = connect();
  client.send(get("/initialize"));
  client.until("HTTP/1.1 401");
  client.send(get("/prepare"));
  client.until("HTTP/1.1 402");
}

// The page itself may be made later, and that may fail as well.
struct LateErrorPage : Noted {
  asynchronous get() {
    loop().add_callback([] { throw HTTPError(500); });
    return {};
  }
  void write_error(int, const ErrorInfo&) override { throw std::runtime_error("no page"); }
};

// WH-44
TEST_F(AsynchronousTest, an_error_page_that_fails_is_logged_and_the_response_ends) {
  serve<LateErrorPage>();
  Client client = connect();
  client.send(get());
  client.until("HTTP/1.1 500");
  EXPECT_EQ(log_.count("Uncaught exception in write_error: std::runtime_error: no page"), 1U);
  EXPECT_EQ(times("on_finish"), 1U);
}

struct Background : Noted {
  asynchronous get() {
    loop().spawn_callback([this]() -> Future<void> {
      co_await gen::moment;
      events.push_back("alive: " + request.path);
      throw std::runtime_error("in the background");
    });
    stack_context::run_with_stack_context(stack_context::NullContext(), [] {
      loop().add_callback([] { throw std::runtime_error("nobody's"); });
    });
    finish("accepted");
    return {};
  }
};

// SC-01
TEST_F(AsynchronousTest, background_work_is_not_the_requests_but_may_use_its_handler) {
  serve<Background>();
  Client client = connect();
  client.send(get("/job"));
  client.until("accepted");
  run_until(loop_, [] { return times("alive: /job") == 1 && living == 0; });
  EXPECT_EQ(log_.count("Exception in callback: std::runtime_error: in the background"), 1U);
  EXPECT_EQ(log_.count("Exception in callback: std::runtime_error: nobody's"), 1U);
  EXPECT_EQ(log_.count("Uncaught exception"), 0U);
}

// ---- finishing, and not -------------------------------------------------------------------------

// Keeps its waiters itself, as a chat does: as raw pointers, wrapped functions or futures.
std::vector<RequestHandler*> waiting;
std::vector<std::function<void()>> wrapped;
std::vector<Future<void>> promised;

struct Waits : Noted {
  asynchronous get() {
    if (request.path == "/pointer") waiting.push_back(this);
    if (request.path == "/wrap") wrapped.emplace_back(stack_context::wrap([this] { answer(); }));
    if (request.path == "/future") {
      promised.emplace_back();
      promised.back().add_done_callback([this](const auto&) { answer(); });
    }
    events.push_back("waits");
    return {};
  }
  void answer() { finish("news for " + request.path); }
};

struct WaitsAndLeaves : Waits {
  void on_connection_close() override {
    events.push_back("on_connection_close");
    std::erase(waiting, this);
    if (request.path == "/pointer") return;
    write("dropped");
  }
};

void tell_everybody() {
  for (RequestHandler* handler : std::exchange(waiting, {})) static_cast<Waits*>(handler)->answer();
  for (const auto& function : std::exchange(wrapped, {})) function();
  for (const auto& future : std::exchange(promised, {})) future.set_result();
}

constexpr const char* kPaths[] = {"/pointer", "/wrap", "/future"};

// GEN-20
TEST_F(AsynchronousTest, without_finish_nothing_is_sent_and_the_connection_stays) {
  serve<Waits>();
  for (const char* path : kPaths) {
    events.clear();
    Client client = connect();
    client.send(get(path));
    run_until(loop_, [] { return times("waits") == 1; });
    some_rounds();
    client.pump();
    EXPECT_EQ(client.received, "");
    EXPECT_FALSE(client.ended);
    EXPECT_EQ(living, 1);
    tell_everybody();
    client.until(std::string("news for ") + path);
    run_until(loop_, [] { return living == 0; });
    EXPECT_EQ(times("on_finish"), 1U);
  }
}

// GEN-20
TEST_F(AsynchronousTest, the_client_left_and_the_answer_comes_all_the_same) {
  serve<Waits>();
  for (const char* path : kPaths) {
    events.clear();
    {
      Client client = connect();
      client.send(get(path));
      run_until(loop_, [] { return times("waits") == 1; });
      client.reset();
      run_until(loop_, [&] { return server_->connection_count() == 0; });
    }
    some_rounds();
    EXPECT_EQ(living, 1) << path << ": somebody may still hold it";
    tell_everybody();
    run_until(loop_, [] { return living == 0; });
    EXPECT_EQ(times("on_finish"), 1U);
  }
  EXPECT_EQ(log_.count("Uncaught"), 0U);
}

// WH-08
TEST_F(AsynchronousTest, a_handler_that_gives_up_in_on_connection_close_is_freed_with_its_client) {
  serve<WaitsAndLeaves>();
  for (const char* path : kPaths) {
    events.clear();
    Client client = connect();
    client.send(get(path));
    run_until(loop_, [] { return times("waits") == 1; });
    client.reset();
    run_until(loop_, [&] { return server_->connection_count() == 0; });
    some_rounds();
    const bool held = path != kPaths[0];  // callbacks that captured it will still run
    EXPECT_EQ(living, held ? 1 : 0) << path;
    tell_everybody();
    run_until(loop_, [] { return living == 0; });
    EXPECT_EQ(events, (std::vector<std::string>{"waits", "on_connection_close", "on_finish"}));
  }
}

// GEN-20
TEST_F(AsynchronousTest, captures_that_go_without_running_keep_nothing) {
  serve<WaitsAndLeaves>();
  for (const char* path : kPaths) {
    events.clear();
    Client client = connect();
    client.send(get(path));
    run_until(loop_, [] { return times("waits") == 1; });
    waiting.clear();
    wrapped.clear();
    promised.clear();
    some_rounds();
    EXPECT_EQ(living, 1) << "its connection is open";
    client.reset();
    run_until(loop_, [] { return living == 0; });
    EXPECT_EQ(times("on_finish"), 1U);
  }
}

// WH-08
TEST_F(AsynchronousTest, a_half_close_is_reported_and_the_response_still_arrives) {
  serve<WaitsAndLeaves>();
  Client client = connect();
  client.send(get("/wrap"));
  run_until(loop_, [] { return times("waits") == 1; });
  client.half_close();
  run_until(loop_, [] { return times("on_connection_close") == 1; });
  EXPECT_EQ(living, 1);
  tell_everybody();
  EXPECT_TRUE(client.until_end().ends_with("droppednews for /wrap"));
  EXPECT_EQ(times("on_connection_close"), 1U);
}

// ---- a fetch in the callback style --------------------------------------------------------------

std::string origin;
bool origin_waits = false;
std::function<void()> answer_of_origin;

struct Fetches : Noted {
  asynchronous get() {
    if (request.path == "/origin") {
      answer_of_origin = stack_context::wrap([this] { finish("the page"); });
      if (!origin_waits) std::exchange(answer_of_origin, nullptr)();
      return {};
    }
    events.push_back("fetches");
    const httpclient::AsyncHTTPClient client;
    client.fetch(origin, [this](const httpclient::HTTPResponse& response) {
      events.push_back("fetched");
      if (request.path == "/fails") static_cast<void>(response.body.at(999));
      finish(response.body);
    });
    return {};
  }
  void on_connection_close() override { events.push_back("on_connection_close"); }
};

// GEN-20 WH-44
TEST_F(AsynchronousTest, the_callback_of_a_fetch_finishes_or_fails_the_request) {
  serve<Fetches>();
  origin = "http://127.0.0.1:" + std::to_string(server_->port()) + "/origin";
  Client client = connect();
  client.send(get("/works"));
  client.until("the page");
  client.send(get("/fails"));
  client.until("HTTP/1.1 500 Internal Server Error");
  EXPECT_EQ(log_.count("Uncaught exception GET /fails"), 1U);
}

// GEN-20
TEST_F(AsynchronousTest, the_client_leaves_before_the_callback_of_a_fetch) {
  serve<Fetches>();
  origin = "http://127.0.0.1:" + std::to_string(server_->port()) + "/origin";
  origin_waits = true;
  for (const char* path : {"/works", "/fails"}) {
    events.clear();
    Client client = connect();
    client.send(get(path));
    run_until(loop_, [] { return answer_of_origin != nullptr; });
    client.reset();
    run_until(loop_, [] { return times("on_connection_close") == 1; });
    std::exchange(answer_of_origin, nullptr)();
    run_until(loop_, [] { return times("on_finish") == 2 && living == 0; });
    EXPECT_EQ(times("on_connection_close"), 1U);
    EXPECT_EQ(times("fetched"), 1U);
  }
  origin_waits = false;
}

// One request responds to another, and fails afterwards: each has its own context.
struct Talks : Waits {
  asynchronous post() {
    for (const auto& function : std::exchange(wrapped, {})) function();
    throw HTTPError(409);
  }
};

// SC-01
TEST_F(AsynchronousTest, each_request_gets_its_own_errors) {
  serve<Talks>();
  Client listener = connect();
  listener.send(get("/wrap"));
  run_until(loop_, [] { return times("waits") == 1; });
  wrapped.emplace_back([] {});
  Client speaker = connect();
  speaker.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  speaker.until("HTTP/1.1 409");
  listener.until("news for /wrap");
  EXPECT_EQ(times("on_finish"), 2U);
}

struct OnFinishStarts : Noted {
  void get() {}
  void on_finish() override {
    loop().add_callback([this] { events.push_back("cleaned up after " + request.path); });
  }
};

struct SyncStarts : Noted {
  void get() {
    loop().call_later(0, [this] { events.push_back("later: " + request.path); });
  }
};

// SC-01
TEST_F(AsynchronousTest, a_handler_lives_for_what_it_has_started_however_it_ends) {
  serve<OnFinishStarts>();
  Client client = connect();
  client.send(get("/x"));
  client.until("200 OK");
  run_until(loop_, [] { return times("cleaned up after /x") == 1 && living == 0; });
  serve<SyncStarts>();
  Client other = connect();
  other.send(get("/y"));
  other.until("200 OK");
  run_until(loop_, [] { return times("later: /y") == 1 && living == 0; });
}

struct NeverFinishes : Noted {
  asynchronous get() {
    loop().call_later(3600, [this] { finish(); });
    loop().add_callback([]() -> Future<void> {
      Future<void> never;
      co_await never;
    });
    events.push_back("waits");
    return {};
  }
  void on_finish() override {
    Noted::on_finish();
    loop().add_callback([this] { finish(); });  // a closed loop accepts and frees it
  }
};

// GEN-20
TEST_F(AsynchronousTest, nothing_leaks_when_the_loop_closes) {
  serve<NeverFinishes>();
  Client client = connect();
  client.send(get());
  run_until(loop_, [] { return times("waits") == 1; });
  loop_.close();
  EXPECT_EQ(living, 1) << "open, as long as its application";
  app_.reset();
  EXPECT_EQ(living, 0);
  EXPECT_EQ(times("on_finish"), 1U);
}

// GEN-20
TEST_F(AsynchronousTest, nothing_leaks_when_the_application_goes_first) {
  serve<NeverFinishes>();
  Client client = connect();
  client.send(get());
  run_until(loop_, [] { return times("waits") == 1; });
  app_.reset();
  EXPECT_EQ(living, 1) << "its timer is still there";
  loop_.close();
  EXPECT_EQ(living, 0);
  EXPECT_EQ(times("on_finish"), 1U);
}

}  // namespace
}  // namespace tornado::web
