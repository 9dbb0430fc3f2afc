// Handlers that take the body piece by piece, over real sockets: the order of the calls, flow
// control, limits set in prepare(), and every way to end before the body does.
#include <tornado/gen.h>
#include <tornado/web.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
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
std::size_t received = 0;
int living = 0;

Future<void> next_gate() {
  gates.emplace_back();
  return gates.back();
}

std::string post(std::string_view path, std::string_view fields, std::string_view body = "") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n" + std::string(fields) +
         "\r\n\r\n" + std::string(body);
}

class StreamRequestBody : public ::testing::Test {
 protected:
  StreamRequestBody() {
    gates.clear();  // their callbacks hold handlers
    events.clear();
    received = 0;
    living = 0;
  }

  httpserver::HTTPServer& serve(std::vector<URLSpec> routes,
                                const httpserver::HTTPServerOptions& options = {}) {
    app_.emplace(std::move(routes));
    server_ = &app_->listen(0, "127.0.0.1", options);
    return *server_;
  }
  Client connect() { return Client(loop_, server_->port()); }
  std::string exchange(std::string_view request) {
    Client client = connect();
    client.send(request);
    return client.until_end();
  }
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

struct Noted : RequestHandler {
  Noted() { ++living; }
  ~Noted() override { --living; }
  void on_finish() override { events.push_back("on_finish"); }
  void on_connection_close() override { events.push_back("on_connection_close"); }
};

// ---- the calls ----------------------------------------------------------------------------------

struct Plain : Noted {
  struct Init {
    std::string from = "init";
  };
  void initialize(const Init& init) { events.push_back(init.from); }
  void prepare() { events.push_back("prepare"); }
  void data_received(std::string_view chunk) { events.push_back("[" + std::string(chunk) + "]"); }
  void post(std::string name) { write("post " + name + request.body + ";"); }
};

// WH-40 WX-17
TEST_F(StreamRequestBody, the_body_comes_in_pieces_between_prepare_and_the_verb) {
  serve({url<Plain>("/(.*)")});
  Client client = connect();
  client.send(post("/a%20b", "Content-Length: 6", "abc"));
  run_until(loop_, [&] { return times("[abc]") == 1; });
  client.pump();
  EXPECT_EQ(client.received, "");
  client.send("def");
  client.until("post a b;");
  EXPECT_EQ(events, (std::vector<std::string>{"init", "prepare", "[abc]", "[def]", "on_finish"}));
  events.clear();
  client.send(post("/2", "Transfer-Encoding: chunked", "1\r\nx\r\n2\r\nyz\r\n0\r\n\r\n") +
              post("/3", "Content-Length: 0") + post("/4", "X: y"));
  client.until("post 2;");
  client.until("post 3;");
  client.until("post 4;");
  EXPECT_EQ(events, (std::vector<std::string>{"init", "prepare", "[x]", "[yz]", "on_finish",  //
                                              "init", "prepare", "on_finish",                 //
                                              "init", "prepare", "on_finish"}));
  some_rounds();
  EXPECT_EQ(living, 0);
}

TEST_F(StreamRequestBody, a_verb_that_is_missing_is_told_before_the_body_is_read) {
  serve({url<Plain>("/(.*)")});
  const std::string answer =
      exchange("PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 405 ")) << answer;
  EXPECT_NE(answer.find("Allow: POST\r\n"), std::string::npos) << answer;
  EXPECT_EQ(events, (std::vector<std::string>{"init", "prepare", "on_finish"}));
}

TEST_F(StreamRequestBody, a_path_that_cannot_be_decoded_is_a_400_before_the_body) {
  serve({url<Plain>("/(.*)")});
  EXPECT_TRUE(exchange(post("/%ff", "Content-Length: 9")).starts_with("HTTP/1.1 400 "));
  EXPECT_EQ(events, (std::vector<std::string>{"init", "on_finish"}));
}

// ---- flow control -------------------------------------------------------------------------------

struct Waiting : Noted {
  Future<void> prepare() {
    if (request.path != "/prepare") co_return;
    const Future<void> gate = next_gate();
    co_await gate;
  }
  Future<void> data_received(std::string chunk) {
    received += chunk.size();
    if (received <= 1'000'000 || !gates.empty()) co_return;
    const Future<void> gate = next_gate();
    co_await gate;
    EXPECT_LE(chunk.size(), 65536U);  // the data is still valid
  }
  Future<void> post() {
    co_await gen::moment;
    write("got " + std::to_string(received));
  }
};

// HU-16
TEST_F(StreamRequestBody, nothing_more_is_read_while_data_received_waits) {
  serve({url<Waiting>("/")});
  Client client = connect();
  constexpr std::size_t kAll = 40'000'000;
  client.send(post("/", "Content-Length: 40000000"));
  client.send(std::string(kAll, 'a'));
  std::size_t unsent = 0;
  int same = 0;
  run_until(loop_, [&] {
    client.pump();
    same = std::exchange(unsent, client.unsent()) == client.unsent() ? same + 1 : 0;
    return same > 20;
  });
  EXPECT_GT(unsent, 0U) << "nothing held the sender back";
  EXPECT_LT(received, 1'200'000U);
  gates[0].set_result();
  client.until("got 40000000");
  EXPECT_EQ(received, kAll);
}

TEST_F(StreamRequestBody, the_body_is_asked_for_when_prepare_has_ended) {
  serve({url<Waiting>("/prepare")});
  Client client = connect();
  client.send(post("/prepare", "Content-Length: 3\r\nExpect: 100-continue"));
  run_until(loop_, [] { return gates.size() == 1; });
  some_rounds();
  client.pump();
  EXPECT_EQ(client.received, "");
  gates[0].set_result();
  client.until("HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  client.until("got 3");
}

struct Refuses : Noted {
  Future<void> prepare() {
    if (request.path == "/later") co_await gen::moment;
    if (request.path == "/finish") {
      set_status(417);
      finish();
      co_return;
    }
    throw HTTPError(413);
  }
  void data_received(std::string_view) { events.push_back("data"); }
  void post() { events.push_back("post"); }
};

TEST_F(StreamRequestBody, an_answer_of_prepare_leaves_the_body_unread) {
  serve({url<Refuses>("/.*")});
  for (const char* path : {"/now", "/later", "/finish"}) {
    for (const char* fields : {"Content-Length: 9\r\nExpect: 100-continue",
                               "Transfer-Encoding: chunked\r\nExpect: 100-continue"}) {
      events.clear();
      const std::string answer = exchange(post(path, fields));
      EXPECT_TRUE(
          answer.starts_with(path == std::string("/finish") ? "HTTP/1.1 417 " : "HTTP/1.1 413 "))
          << path << answer;
      EXPECT_EQ(events, std::vector<std::string>{"on_finish"}) << path;
    }
  }
  // A body that is sent anyway is dropped, and the response arrives.
  EXPECT_TRUE(exchange(post("/now", "Content-Length: 500000", std::string(500'000, 'x')))
                  .starts_with("HTTP/1.1 413 "));
  // Without a body there is no reason to close the connection.
  Client client = connect();
  client.send(post("/now", "Content-Length: 0"));
  client.until("413: ");
  client.send(post("/later", "X: y"));
  client.until("413: ", 2);
  some_rounds();
  EXPECT_EQ(times("data") + times("post"), 0U);
  EXPECT_EQ(living, 0);
}

// ---- limits of one request ----------------------------------------------------------------------

struct Limited : Noted {
  void prepare() {
    if (request.path == "/own") request.connection->set_max_body_size(20);
    if (request.path == "/none") request.connection->set_max_body_size(UINT64_MAX);
  }
  void data_received(std::string_view chunk) { received += chunk.size(); }
  void post() { write("got " + std::to_string(std::exchange(received, 0)) + ";"); }
};

// H1-03
TEST_F(StreamRequestBody, set_max_body_size_is_for_one_request) {
  httpserver::HTTPServerOptions options;
  options.max_body_size = 10;
  serve({url<Limited>("/.*")}, options);
  const std::string eleven = "Content-Length: 11";
  const std::string chunks = "Transfer-Encoding: chunked";
  Client client = connect();
  client.send(post("/own", eleven, "01234567890"));
  client.until("got 11;");
  client.send(post("/own", chunks, "14\r\n01234567890123456789\r\n0\r\n\r\n"));
  client.until("got 20;");
  client.send(post("/none", "Content-Length: 500000", std::string(500'000, 'x')));
  client.until("got 500000;");
  client.take();
  client.send(post("/", eleven, "01234567890"));
  const std::string_view refused = "HTTP/1.1 413 Request Entity Too Large\r\n";
  EXPECT_TRUE(client.until_end().starts_with(refused));
  EXPECT_TRUE(
      exchange(post("/own", "Content-Length: 21\r\nExpect: 100-continue")).starts_with(refused));
  EXPECT_TRUE(exchange(post("/own", chunks, "15\r\n")).starts_with(refused));
  EXPECT_TRUE(exchange(post("/", chunks, "b\r\n")).starts_with(refused));
  some_rounds();
  EXPECT_EQ(living, 0);
}

// ---- failures -----------------------------------------------------------------------------------

struct Fails : Noted {
  Future<void> data_received(std::string chunk) {
    events.push_back("data");
    if (request.path == "/late") co_await gen::moment;
    if (request.path == "/flushed") {
      write("part");
      flush();
    }
    if (request.path == "/finish") {
      finish("enough");
      co_return;
    }
    if (request.path == "/status") throw HTTPError(415, "what is " + chunk);
    if (request.path == "/int") throw 7;
    throw std::runtime_error("in data_received");
  }
  void post() { events.push_back("post"); }
};

struct FailsPlainly : Noted {
  void data_received(std::string_view) { throw std::runtime_error("in data_received"); }
  void post() { events.push_back("post"); }
};

// WH-44
TEST_F(StreamRequestBody, what_data_received_throws_is_the_answer_and_the_end) {
  serve({url<FailsPlainly>("/plain"), url<Fails>("/.*")});
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"/plain", "500: Internal Server Error"}, {"/late", "500: Internal Server Error"},
      {"/int", "500: Internal Server Error"},   {"/status", "415: Unsupported Media Type"},
      {"/flushed", "4\r\npart\r\n0\r\n\r\n"},   {"/finish", "enough"}};
  for (const auto& [path, expected] : cases) {
    for (const char* body : {"abc", "abcdefghi"}) {
      events.clear();
      Client client = connect();
      client.send(post(path, "Content-Length: 9", body));
      client.until(expected);
      if (body == std::string("abc")) {
        client.until_end();  // a client that has not sent all of it cannot continue
      }
      some_rounds();
      EXPECT_LE(times("data"), 1U) << path;
      EXPECT_EQ(times("post"), 0U) << path;
      EXPECT_EQ(times("on_finish"), 1U) << path;
      EXPECT_EQ(times("on_connection_close"), 0U) << path;
    }
  }
  EXPECT_EQ(living, 0);
  EXPECT_GE(log_.count("in data_received"), 4U);
}

struct FinishesAndWaits : Noted {
  Future<void> data_received(std::string) {
    finish("early");
    const Future<void> gate = next_gate();
    co_await gate;
    events.push_back("went on");
  }
  void post() {}
};

TEST_F(StreamRequestBody, a_handler_that_answers_and_goes_on_waiting_holds_nobody) {
  serve({url<FinishesAndWaits>("/")});
  EXPECT_TRUE(exchange(post("/", "Content-Length: 9", "abc")).ends_with("early"));
  EXPECT_EQ(living, 1);
  gates[0].set_result();
  run_until(loop_, [] { return living == 0; });
  EXPECT_EQ(events, (std::vector<std::string>{"on_finish", "went on"}));
}

// ---- the client leaves --------------------------------------------------------------------------

// Waits in prepare(), in its second piece, or nowhere.
struct Leaver : Noted {
  Future<void> prepare() {
    if (request.path != "/prepare") co_return;
    const Future<void> gate = next_gate();
    co_await gate;
  }
  Future<void> data_received(std::string chunk) {
    received += chunk.size();
    if (request.path == "/data") {
      const Future<void> gate = next_gate();
      co_await gate;
    }
    events.push_back("taken");
  }
  void post() { events.push_back("post"); }
};

enum class Leave { kClose, kReset, kHalfClose };
using Way = std::tuple<Leave, const char*>;

class Leaving : public StreamRequestBody, public ::testing::WithParamInterface<Way> {};

// WH-07
TEST_P(Leaving, in_the_middle_of_the_body) {
  const auto [way, path] = GetParam();
  serve({url<Leaver>("/.*")});
  Client client = connect();
  client.send(post(path, "Content-Length: 9", "abc"));
  const bool waits = path != std::string("/nowhere");
  run_until(loop_, [&] { return waits ? gates.size() == 1 : received == 3; });
  some_rounds();
  if (way == Leave::kClose) client.close();
  if (way == Leave::kReset) client.reset();
  if (way == Leave::kHalfClose) client.half_close();
  some_rounds();
  if (waits) gates[0].set_result();
  run_until(loop_, [&] { return times("on_finish") == 1; });
  // If the end is reported only after the bytes before it, those are delivered first.
  if (gates.size() == 2) gates[1].set_result();
  run_until(loop_, [&] { return living == 0 && server_->connection_count() == 0; });
  EXPECT_EQ(times("on_connection_close"), 1U);
  EXPECT_EQ(times("on_finish"), 1U);
  EXPECT_EQ(times("post"), 0U);
}

// WH-07
TEST_P(Leaving, the_application_goes_in_the_middle_of_the_body) {
  const auto [way, path] = GetParam();
  serve({url<Leaver>("/.*")});
  Client client = connect();
  client.send(post(path, "Content-Length: 9", "abc"));
  const bool waits = path != std::string("/nowhere");
  run_until(loop_, [&] { return waits ? gates.size() == 1 : received == 3; });
  if (way == Leave::kReset) {
    loop_.close();
    gates.clear();
    app_.reset();
  } else {
    app_.reset();
    some_rounds();
    if (waits) gates[0].set_result();
    some_rounds();
  }
  EXPECT_EQ(times("on_finish"), 1U);
  EXPECT_EQ(times("post"), 0U);
  EXPECT_EQ(living, 0);
}

// Waits only for its client to leave.
struct WaitsForTheEnd : Noted {
  Future<void> prepare() {
    if (request.path == "/prepare") co_await wait();
  }
  Future<void> data_received(std::string) {
    if (request.path == "/data") co_await wait();
  }
  void post() { events.push_back("post"); }
  void on_connection_close() override {
    Noted::on_connection_close();
    if (!left_.done()) left_.set_result();
  }

 private:
  Future<void> wait() {
    events.push_back("waits");
    return left_;
  }
  Future<void> left_;
};

// WH-07 WH-40
TEST_P(Leaving, a_handler_that_holds_back_is_told_that_its_client_left) {
  const auto [way, path] = GetParam();
  const std::string length = "Content-Length: 9";
  const std::string chunked = "Transfer-Encoding: chunked";
  serve({url<WaitsForTheEnd>("/.*")});
  for (const auto& [fields, body] : std::vector<std::pair<std::string, std::string>>{
           {length, ""}, {length, "abc"}, {chunked, ""}, {chunked, "3\r\nabc\r\n"}}) {
    if (path != std::string("/prepare") && body.empty()) continue;
    events.clear();
    Client client = connect();
    client.send(post(path, fields, body));
    run_until(loop_, [&] { return path == std::string("/nowhere") || times("waits") == 1; });
    some_rounds();
    if (way == Leave::kClose) client.close();
    if (way == Leave::kReset) client.reset();
    if (way == Leave::kHalfClose) client.half_close();
    run_until(loop_, [&] { return living == 0 && server_->connection_count() == 0; });
    EXPECT_EQ(times("on_connection_close"), 1U) << fields << body;
    EXPECT_EQ(times("on_finish"), 1U);
    EXPECT_EQ(times("post"), 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, Leaving,
                         ::testing::Combine(::testing::Values(Leave::kClose, Leave::kReset,
                                                              Leave::kHalfClose),
                                            ::testing::Values("/prepare", "/data", "/nowhere")));

}  // namespace
}  // namespace tornado::web
