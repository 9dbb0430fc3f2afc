#include "08-coroutines/chat.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "../04-iostream/stream_pair.h"
#include "06-request-handler/application.h"

namespace mini {
namespace {

class ChatTest : public testing::Test {
 protected:
  ChatTest() { port_ = app_.listen(loop_, 0).port(); }

  std::unique_ptr<Client> start(const std::string& request) {
    auto client = std::make_unique<Client>(port_);
    client->send(request);
    settle(loop_);
    return client;
  }
  std::unique_ptr<Client> listen(const std::string& after) {
    return start("GET /a/message/updates?after=" + after +
                 " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  }
  std::string say(const std::string& form) {
    const auto client = start(
        "POST /a/message/new HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
        std::to_string(form.size()) + "\r\n\r\n" + form);
    settle(loop_);
    return client->read_to_end().substr(9, 3);
  }
  std::string answer(Client& client) {
    settle(loop_);
    const std::string all = client.read_to_end();
    return all.substr(all.find("\r\n\r\n") + 4);
  }

  MessageBuffer buffer_;
  IOLoop loop_;
  Application app_{chat_routes(buffer_)};
  std::uint16_t port_ = 0;
};

TEST_F(ChatTest, waiting_clients_get_each_message) {
  const auto first = listen("0");
  const auto second = listen("0");
  EXPECT_EQ(buffer_.waiting(), 2u);
  EXPECT_EQ(say("text=two+words"), "204");
  EXPECT_EQ(answer(*first), "1 two words\n");
  EXPECT_EQ(answer(*second), "1 two words\n");
  EXPECT_EQ(buffer_.waiting(), 0u);
}

TEST_F(ChatTest, a_late_client_gets_what_it_missed) {
  say("text=one");
  say("text=two");
  say("text=three");
  EXPECT_EQ(answer(*listen("1")), "2 two\n3 three\n");
  EXPECT_EQ(answer(*listen("999")), "1 one\n2 two\n3 three\n");
}

TEST_F(ChatTest, a_client_that_leaves_stops_waiting) {
  listen("0")->reset();
  settle(loop_);
  EXPECT_EQ(buffer_.waiting(), 0u);
}

TEST_F(ChatTest, a_message_is_one_line_and_has_a_length) {
  EXPECT_EQ(say("text=a%0D%0Ab"), "204");
  EXPECT_EQ(answer(*listen("0")), "1 a  b\n");
  EXPECT_EQ(say("text="), "400");
  EXPECT_EQ(say("nothing=x"), "400");
  EXPECT_EQ(say("text=" + std::string(3000, 'x')), "400");
  EXPECT_EQ(answer(*listen("x")).substr(0, 6), "<html>");
}

TEST_F(ChatTest, old_messages_are_forgotten) {
  for (std::size_t i = 0; i < MessageBuffer::kKept + 5; ++i) buffer_.add("x");
  EXPECT_TRUE(answer(*listen("0")).starts_with("6 x\n"));
}

TEST_F(ChatTest, ends_while_a_client_waits) {
  const auto client = listen("0");
  EXPECT_EQ(buffer_.waiting(), 1u);
}

}  // namespace
}  // namespace mini
