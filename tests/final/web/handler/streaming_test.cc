// Endless responses: the form of an event, the cost of a client that does not read, and the end
// when the client leaves.
#include <tornado/iostream.h>
#include <tornado/locks.h>
#include <tornado/web.h>

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

TEST(ServerSentEvent, has_its_fields_and_ends_with_an_empty_line) {
  EXPECT_EQ(server_sent_event("hello"), "data: hello\n\n");
  EXPECT_EQ(server_sent_event(""), "data: \n\n");
  EXPECT_EQ(server_sent_event(" x", "tick", "7"), "id: 7\nevent: tick\ndata:  x\n\n");
}

TEST(ServerSentEvent, each_line_of_the_data_is_a_field) {
  EXPECT_EQ(server_sent_event("a\nb\rc\r\nd"), "data: a\ndata: b\ndata: c\ndata: d\n\n");
  EXPECT_EQ(server_sent_event("\n\n"), "data: \ndata: \ndata: \n\n");
  EXPECT_EQ(server_sent_event("x\r\n"), "data: x\ndata: \n\n");
  EXPECT_EQ(server_sent_event("x\n\nevent: forged"), "data: x\ndata: \ndata: event: forged\n\n");
}

TEST(ServerSentEvent, nobodys_text_adds_a_field) {
  for (const std::string& bad : {std::string("a\nb"), std::string("a\r"), std::string(1, '\0')}) {
    EXPECT_THROW(server_sent_event("x", bad), std::invalid_argument);
    EXPECT_THROW(server_sent_event("x", "", bad), std::invalid_argument);
  }
}

// ---- over a connection --------------------------------------------------------------------------

// The handlers' actions. Cleared by the fixture.
struct Seen {
  int living = 0;
  int finished = 0;
  int closed = 0;
  std::size_t flushed = 0;  // bytes
};
Seen seen;
std::optional<locks::Condition> news;

struct Noted : RequestHandler {
  Noted() { ++seen.living; }
  ~Noted() override { --seen.living; }
  void on_finish() override { ++seen.finished; }
  void on_connection_close() override { ++seen.closed; }
};

class Streaming : public ::testing::Test {
 protected:
  Streaming() {
    seen = {};
    news.emplace();
  }
  ~Streaming() override { news.reset(); }

  void serve(std::vector<URLSpec> routes, Settings settings = {}) {
    app_.emplace(std::move(routes), std::move(settings));
    server_ = &app_->listen(0, "127.0.0.1");
  }
  Client connect(int receive_buffer = 0) { return {loop_, server_->port(), receive_buffer}; }
  void some_rounds() {
    run_until(loop_, [n = 0]() mutable { return ++n > 20; });
  }
  void until_all_has_gone() {
    run_until(loop_, [&] { return seen.living == 0 && server_->connection_count() == 0; });
  }

  test::LogLines log_;
  ioloop::IOLoop loop_;
  std::optional<Application> app_;
  httpserver::HTTPServer* server_ = nullptr;
};

// Never ends, and always has something to send.
struct Endless : Noted {
  Future<void> get() {
    set_header("Content-Type", "text/event-stream");
    while (true) {
      const std::string event = server_sent_event(std::string(10'000, 'x'));
      write(event);
      co_await flush();
      seen.flushed += event.size();
    }
  }
};

TEST_F(Streaming, a_reader_that_stops_stops_the_handler) {
  serve({url<Endless>("/")});
  Client client = connect(65536);
  client.send(get());
  std::size_t before = 1;
  run_until(loop_,
            [&] { return std::exchange(before, seen.flushed) == seen.flushed && before > 0; });
  const std::size_t held = seen.flushed;
  EXPECT_LT(held, 16U << 20);
  some_rounds();
  EXPECT_EQ(seen.flushed, held);
  run_until(loop_, [&] {
    client.pump(1 << 20);
    return seen.flushed > held + (8U << 20);
  });
  client.close();
  until_all_has_gone();
  EXPECT_EQ(seen.finished, 1);
  EXPECT_EQ(seen.closed, 1);
}

// Waits for something that never happens.
struct Listener : Noted {
  Future<void> get() {
    set_header("Content-Type", "text/event-stream");
    write(server_sent_event("hello"));
    co_await flush();
    while (true) {
      wait_ = news->wait();
      co_await wait_;
      write(server_sent_event("news"));
      co_await flush();
    }
  }
  void on_connection_close() override {
    Noted::on_connection_close();
    wait_.cancel();
  }

  Future<bool> wait_;
};

// WH-08
TEST_F(Streaming, a_client_that_leaves_ends_the_coroutine_without_a_word_of_it) {
  serve({url<Listener>("/quiet"), url<Endless>("/busy")});
  for (const char* path : {"/quiet", "/busy"}) {
    for (const bool reset : {false, true}) {
      seen = {};
      Client client = connect(65536);
      client.send(get(path));
      run_until(loop_, [&] {
        client.pump(1000);
        return test::occurrences(client.received, "data: ") >= 1;
      });
      if (reset) {
        client.reset();
      } else {
        client.close();
      }
      until_all_has_gone();
      EXPECT_EQ(seen.finished, 1) << path;
      EXPECT_EQ(seen.closed, 1) << path;
    }
  }
  EXPECT_EQ(log_.count("exception") + log_.count("error"), 0U) << log_.text();
  EXPECT_EQ(log_.count("200 GET /"), 4U) << log_.text();
}

TEST_F(Streaming, a_client_that_only_ends_its_sending_gets_the_end_of_the_stream) {
  serve({url<Listener>("/")});
  Client client = connect();
  client.send(get());
  client.until("data: hello\n\n");
  client.half_close();
  EXPECT_TRUE(client.until_end().ends_with("\r\n0\r\n\r\n")) << client.received;
  until_all_has_gone();
}

// If another stream closes, that is an ordinary error, as long as the client is there.
struct Upstream : Noted {
  void get() { throw iostream::StreamClosedError(); }
};

TEST_F(Streaming, a_closed_stream_is_an_error_while_the_client_is_there) {
  serve({url<Upstream>("/")});
  Client client = connect();
  client.send(get());
  client.until("500: Internal Server Error</body>");
  EXPECT_EQ(log_.count("Uncaught exception GET /"), 1U) << log_.text();
}

TEST_F(Streaming, ten_events_come_one_by_one_to_everybody) {
  serve({url<Listener>("/")});
  std::vector<Client> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(connect());
  for (Client& client : clients) client.send(get());
  for (Client& client : clients) client.until("data: hello\n\n");
  for (std::size_t event = 1; event <= 10; ++event) {
    some_rounds();
    news->notify_all();
    for (Client& client : clients) client.until("data: news\n\n", event);
  }
  clients.clear();
  until_all_has_gone();
  EXPECT_EQ(seen.finished, 20);
}

TEST_F(Streaming, compressed_events_do_not_wait_for_each_other) {
  Settings settings;
  settings.compress_response = true;
  serve({url<Listener>("/")}, settings);
  Client client = connect();
  client.send(get("/", "Accept-Encoding: gzip\r\n"));
  client.until("Content-Encoding: gzip\r\n");
  // A chunk and a block of its own: it ends with the marker of Z_SYNC_FLUSH.
  const std::string mark("\x00\x00\xff\xff\r\n", 6);
  client.until(mark);
  news->notify_all();
  client.until(mark, 2);
  client.close();
  until_all_has_gone();
}

}  // namespace
}  // namespace tornado::web
