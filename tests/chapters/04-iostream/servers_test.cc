// The two servers of the demo.
#include <gtest/gtest.h>

#include <list>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "03-ioloop/waker.h"
#include "04-iostream/callback_server.h"
#include "04-iostream/line_chat.h"
#include "stream_pair.h"

namespace mini {
namespace {

const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kPost = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde";

void hello(const Request&, const Reply& reply) {
  reply({200, "hello"});
}

bool is_hello(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhello");
}

// A loop and a server in their own thread, while the test plays the clients.
class Running {
 public:
  explicit Running(LoopHandler handler)
      : server_(std::make_unique<CallbackServer>(loop_, std::move(handler))) {
    server_->listen(0);
    port_ = server_->port();
    thread_ = std::thread([this] { loop_.start(); });
  }
  ~Running() {
    loop_.stop();
    thread_.join();
  }
  std::uint16_t port() const { return port_; }

 private:
  IOLoop loop_;
  std::unique_ptr<CallbackServer> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST(CallbackServer, answers_whatever_pieces_the_request_comes_in) {
  Running server([](const Request& request, const Reply& reply) { reply({200, request.body}); });
  for (std::size_t cut = 1; cut < kPost.size(); ++cut) {
    Client client(server.port());
    client.send(kPost.substr(0, cut));
    EXPECT_TRUE(client.ask(kPost.substr(cut)).ends_with("\r\n\r\nabcde"));
  }
}

TEST(CallbackServer, a_client_that_says_nothing_holds_up_nobody) {
  Running server(hello);
  std::list<Client> silent;
  for (int i = 0; i < 100; ++i) silent.emplace_back(server.port());
  EXPECT_TRUE(is_hello(Client(server.port()).ask(kGet)));
  for (Client& client : silent) EXPECT_TRUE(is_hello(client.ask(kGet)));
}

TEST(CallbackServer, outlives_clients_that_leave_in_the_middle) {
  Running server(hello);
  for (std::size_t size = 0; size <= kPost.size(); ++size) {
    Client(server.port()).send(kPost.substr(0, size));
    Client rude(server.port());
    rude.send(kPost.substr(0, size));
    rude.reset();
  }
  EXPECT_TRUE(is_hello(Client(server.port()).ask(kGet)));
}

TEST(CallbackServer, refuses_what_is_not_a_request_and_what_is_too_large) {
  Running server(hello);
  const auto status = [&](const std::string& request) {
    return Client(server.port()).ask(request).substr(0, 12);
  };
  EXPECT_EQ(status("garbage\r\n\r\n"), "HTTP/1.1 400");
  EXPECT_EQ(status("POST / HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n"), "HTTP/1.1 413");
  // The stream ends before there is a request to answer.
  EXPECT_EQ(status("GET / HTTP/1.1\r\nA: " + std::string(2 * kMaxHead, 'x')), "");
}

TEST(CallbackServer, a_handler_that_throws_is_answered_500) {
  Running server([](const Request& request, const Reply&) {
    if (request.target == "/odd") throw 5;
    throw std::runtime_error("no luck");
  });
  testing::internal::CaptureStderr();
  EXPECT_TRUE(Client(server.port()).ask(kGet).starts_with("HTTP/1.1 500 "));
  EXPECT_TRUE(Client(server.port()).ask("GET /odd HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "/: no luck\n/odd: an exception of an unknown type\n");
}

TEST(CallbackServer, a_large_answer_leaves_as_fast_as_the_client_takes_it) {
  Running server(
      [](const Request&, const Reply& reply) { reply({200, std::string(20'000'000, 'x')}); });
  Client slow(server.port());
  slow.send(kGet);
  EXPECT_GT(Client(server.port()).ask(kGet).size(), 20'000'000u);  // not held up by the slow one
  EXPECT_GT(slow.read_to_end().size(), 20'000'000u);
}

TEST(CallbackServer, a_handler_may_reply_later_once_and_to_nobody) {
  std::vector<Reply> replies;  // of the loop's thread
  Running server([&](const Request&, const Reply& reply) {
    replies.push_back(reply);
    if (replies.size() < 3) return;
    for (const Reply& one : replies) {
      one({200, "hello"});
      one({200, "again"});
    }
  });
  Client gone(server.port());
  gone.send(kGet);
  gone.reset();
  std::list<Client> clients;
  for (int i = 0; i < 2; ++i) clients.emplace_back(server.port()).send(kGet);
  for (Client& client : clients) EXPECT_TRUE(is_hello(client.read_to_end()));
}

// The members of a chat, and the chat, all in one thread.
class Chat : public testing::Test {
 protected:
  Chat() { chat_.listen(0); }

  void settle() { mini::settle(loop_); }

  IOLoop loop_;
  LineChat chat_{loop_};
};

TEST_F(Chat, a_line_goes_to_all_the_others) {
  Client first(chat_.port());
  settle();
  Client second(chat_.port());
  settle();
  Client third(chat_.port());
  settle();
  first.send("hel");
  settle();
  first.send("lo\nyou\n");
  settle();
  second.send("hi\n");
  settle();
  for (Client* client : {&first, &second, &third}) client->half_close();
  settle();
  EXPECT_EQ(first.read_to_end(), "Welcome. 0 others are here.\nhi\n");
  EXPECT_EQ(second.read_to_end(), "Welcome. 1 others are here.\nhello\nyou\n");
  EXPECT_EQ(third.read_to_end(), "Welcome. 2 others are here.\nhello\nyou\nhi\n");
}

TEST_F(Chat, a_member_that_has_left_is_forgotten) {
  Client first(chat_.port());
  Client rude(chat_.port());
  settle();
  first.close();
  rude.reset();
  settle();
  Client second(chat_.port());
  settle();
  second.half_close();
  settle();
  EXPECT_EQ(second.read_to_end(), "Welcome. 0 others are here.\n");
}

TEST_F(Chat, a_member_whose_line_never_ends_is_closed) {
  Client client(chat_.port());
  settle();
  client.send(std::string(2 * LineChat::kMaxLine, 'x'));
  settle();
  EXPECT_EQ(client.read_to_end(), "Welcome. 0 others are here.\n");
}

TEST_F(Chat, a_member_that_does_not_read_is_closed_and_the_others_stay) {
  Client deaf(chat_.port());
  settle();
  const auto connect = [&] {
    const auto stream = IOStream::create(loop_, Socket(::socket(AF_INET, SOCK_STREAM, 0)));
    stream->connect(chat_.port(), "127.0.0.1", nullptr);
    return stream;
  };
  const auto listener = connect();
  const auto speaker = connect();
  const std::string line = std::string(4000, 'x') + "\n";
  constexpr int kLines = 5000;
  int heard = 0;
  const DataCallback hear = [&](const std::string&) {
    listener->read_until("\n", hear);
    if (++heard > kLines) return loop_.stop();
    speaker->write(line);  // the next line when the last one was heard
  };
  listener->read_until("\n", hear);  // the welcome
  loop_.start();
  EXPECT_FALSE(listener->closed());
  EXPECT_FALSE(speaker->closed());
  EXPECT_LT(deaf.read_to_end().size(), kLines * line.size());
}

TEST_F(Chat, ends_with_members_inside) {
  Client client(chat_.port());
  settle();
  client.send("half a line");
  settle();
}

// The callback that erases the member is queued already, after the one that ends the chat.
TEST(ChatEnd, may_come_before_a_member_that_left_is_forgotten) {
  IOLoop loop;
  Waker first;  // its number is lower than the member's, so its handler is called first
  auto chat = std::make_unique<LineChat>(loop);
  chat->listen(0);
  Client client(chat->port());
  settle(loop);
  loop.add_handler(
      first.fd(),
      [&](int fd, std::uint32_t) {
        loop.remove_handler(fd);
        loop.add_callback([&] { chat.reset(); });
      },
      IOLoop::READ);
  first.wake();
  client.close();
  settle(loop);
  EXPECT_FALSE(chat);
}

}  // namespace
}  // namespace mini
