#include "02-select/select_connection.h"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>

#include "../01-blocking-server/client.h"
#include "02-select/nonblocking.h"

namespace mini {
namespace {

using std::chrono::milliseconds;

const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const Time kStart{};

Response hello(const Request&) {
  return {200, "hello"};
}

Socket nonblocking(Socket socket) {
  make_nonblocking(socket);
  return socket;
}

// A client, and the connection at the other end. The test decides what time it is.
class Served {
 public:
  explicit Served(Handler handler) : handler_(std::move(handler)) {}
  Client& client() { return pair_.client; }
  SelectConnection& connection() { return connection_; }

  // Does one round: asks select for what the connection wants, and calls step().
  void round(Time now = kStart) {
    Selection selection;
    connection_.watch(selection);
    selection.wait(milliseconds(0));
    connection_.step(selection, now);
  }
  // Does one round, and sleeps until there is something to do.
  void next() {
    Selection selection;
    connection_.watch(selection);
    selection.wait(std::nullopt);
    connection_.step(selection, kStart);
  }

 private:
  const Handler handler_;
  Pair pair_;
  SelectConnection connection_{nonblocking(std::move(pair_.server)), handler_};
};

TEST(SelectConnection, answers_and_ends_when_the_client_does) {
  Served served(hello);
  served.client().send(kGet);
  served.next();
  EXPECT_FALSE(served.connection().is_over());
  EXPECT_TRUE(served.client().read_to_end().ends_with("\r\n\r\nhello"));
  served.next();
  EXPECT_TRUE(served.connection().is_over());
}

TEST(SelectConnection, a_round_without_news_changes_nothing) {
  Served served(hello);
  served.client().send(kGet.substr(0, 10));
  served.next();
  for (int i = 0; i < 10; ++i) served.round();
  EXPECT_FALSE(served.connection().is_over());
  EXPECT_FALSE(served.connection().deadline());
  served.client().send(kGet.substr(10));
  served.next();
  EXPECT_TRUE(served.client().read_to_end().ends_with("\r\n\r\nhello"));
}

TEST(SelectConnection, waits_a_second_for_the_clients_FIN_and_no_longer) {
  Served served(hello);
  served.client().send(kGet);
  served.next();
  EXPECT_EQ(served.connection().deadline(), kStart + std::chrono::seconds(1));
  served.round(kStart + milliseconds(999));
  EXPECT_FALSE(served.connection().is_over());
  served.round(kStart + milliseconds(1000));
  EXPECT_TRUE(served.connection().is_over());
}

TEST(SelectConnection, drops_what_arrives_after_the_response_up_to_a_limit) {
  Served served(hello);
  served.client().send("garbage\r\n\r\n");
  served.next();
  std::size_t dropped = 0;
  while (!served.connection().is_over() && dropped <= 2 * kMaxBody) {
    served.client().send(std::string(10'000, 'x'));
    dropped += 10'000;
    served.next();
  }
  EXPECT_GT(dropped, kMaxBody);
  EXPECT_LT(dropped, 2 * kMaxBody);
}

TEST(SelectConnection, a_large_response_leaves_in_as_many_steps_as_it_takes) {
  Served served([](const Request&) { return Response{200, std::string(20'000'000, 'x')}; });
  served.client().send(kGet);
  served.next();
  served.round();
  EXPECT_FALSE(served.connection().deadline())
      << "everything has been sent, though nobody has read it";
}

TEST(SelectConnection, a_handler_that_throws_is_answered_500) {
  testing::internal::CaptureStderr();
  Served served([](const Request&) -> Response { throw std::runtime_error("no luck"); });
  served.client().send(kGet);
  served.next();
  EXPECT_TRUE(served.client().read_to_end().starts_with("HTTP/1.1 500 "));
  Served odd([](const Request&) -> Response { throw 5; });
  odd.client().send(kGet);
  odd.next();
  EXPECT_TRUE(odd.client().read_to_end().starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "/: no luck\n/: an exception of an unknown type\n");
}

TEST(SelectConnection, a_client_that_leaves_in_any_state_ends_it) {
  Served early(hello);
  early.client().send(kGet.substr(0, 5));
  early.client().half_close();
  early.next();  // reads what it sent
  early.next();  // sees that it has left
  EXPECT_TRUE(early.connection().is_over());

  Served reading([](const Request&) { return Response{200, std::string(20'000'000, 'x')}; });
  reading.client().send(kGet);
  reading.next();
  reading.client().reset();
  reading.next();
  EXPECT_TRUE(reading.connection().is_over());

  Served ending(hello);
  ending.client().send(kGet);
  ending.next();
  ending.client().reset();
  ending.next();
  EXPECT_TRUE(ending.connection().is_over());
}

TEST(SelectConnection, refuses_without_reading) {
  Served served(hello);
  served.connection().refuse({503, "no\n"});
  served.next();
  EXPECT_TRUE(served.client().read_to_end().starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
}

}  // namespace
}  // namespace mini
