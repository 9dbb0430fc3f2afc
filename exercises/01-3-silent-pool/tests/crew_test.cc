#include "01-3-silent-pool/crew.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "support/story.h"
#include "tests/chapters/01-blocking-server/client.h"

namespace {

using mini::Client;
using mini::Socket;
using story::Story;

// Serves a client according to what it says: may throw a std::exception, or something odd.
void serve(Socket& client) {
  std::array<char, 16> word;
  const std::string said(word.data(), client.read(word.data(), word.size()));
  if (said == "rude") throw std::runtime_error("on purpose");
  if (said == "odd") throw 1;
  client.write_all("ok");
}

std::uint16_t port_of_peer(const Socket& socket) {
  sockaddr_in peer{};
  socklen_t size = sizeof peer;
  ::getpeername(socket.fd(), reinterpret_cast<sockaddr*>(&peer), &size);
  return ntohs(peer.sin_port);
}

// A crew, and a listening socket whose connections it serves.
class Shop {
 public:
  explicit Shop(Story& story) : story_(story), listener_(Socket::listen(0)), crew_(2, serve) {
    story_.step("a crew of two workers is started");
  }

  // A client that says `word`.
  Client visit(const std::string& word) {
    Client client(listener_.port());
    client.send(word);
    Socket ours = *listener_.accept();
    port_ = port_of_peer(ours);
    crew_.add(std::move(ours));
    return client;
  }
  void visit_and_wait(const std::string& word) { visit(word).read_to_end(); }
  // A client whose connection breaks, before a worker takes it or afterwards.
  void visit_and_break(bool before) {
    Client client(listener_.port());
    Socket ours = *listener_.accept();
    if (before) client.reset();
    crew_.add(std::move(ours));
    if (!before) client.reset();
  }
  void expect_served() {
    Client client = visit("hello");
    story_.step("a client says \"hello\" and waits for its answer");
    story_.expect("its answer", std::string("ok"), client.read_to_end());
  }
  // The last visitor, as the log calls it.
  std::string visitor() const { return "client 127.0.0.1:" + std::to_string(port_); }

 private:
  Story& story_;
  Socket listener_;
  std::uint16_t port_ = 0;
  Crew crew_;
};

TEST(Crew, serves_every_client) {
  Story story("This one passes with the starter: it is the first day.");
  Shop shop(story);
  for (int i = 0; i < 20; ++i) shop.expect_served();
}

TEST(Crew, clients_that_fail) {
  Story story("This one passes with the starter: it is the second day.");
  Shop shop(story);
  story.step("serving twenty clients throws std::runtime_error");
  for (int i = 0; i < 20; ++i) shop.visit_and_wait("rude");
  shop.expect_served();
}

TEST(Crew, a_week) {
  Story story("The process is alive, it uses no processor time, and nobody is served.");
  Shop shop(story);
  for (int i = 0; i < 10; ++i) {
    story.step("a client comes whose connection does not last");
    shop.visit_and_break(false);
  }
  shop.expect_served();
}

TEST(Crew, a_hundred_weeks) {
  Story story("More workers only delay the fault: every such client still costs one.");
  Shop shop(story);
  story.step("a hundred clients come whose connections do not last");
  for (int i = 0; i < 100; ++i) shop.visit_and_break(false);
  shop.expect_served();
}

TEST(Crew, a_connection_that_breaks_while_it_waits) {
  Story story(
      "A connection may break at any time, also before a worker has taken it. What you do with it\n"
      "  before the try can throw as well.");
  Shop shop(story);
  story.step("ten connections break before they are handed to the crew");
  for (int i = 0; i < 10; ++i) shop.visit_and_break(true);
  shop.expect_served();
}

TEST(Crew, exceptions_of_any_kind) {
  Story story(
      "Not everything that can be thrown is a std::exception. An exception that leaves a\n"
      "  thread's function uncaught ends the whole process.");
  Shop shop(story);
  story.step("serving ten clients throws an int");
  for (int i = 0; i < 10; ++i) shop.visit_and_wait("odd");
  shop.expect_served();
}

TEST(Crew, the_connection_of_a_failed_client_ends) {
  Story story(
      "As long as a socket is kept, its connection stays open: the client waits for a response\n"
      "  that nobody will write. Destroy the socket in the same iteration of the loop in which\n"
      "  serving it failed.");
  Shop shop(story);
  story.step("serving a client throws std::runtime_error");
  Client client = shop.visit("rude");
  story.step("the client reads until its connection ends");
  story.expect("what it got", std::string(), client.read_to_end());
}

TEST(Crew, failures_are_logged) {
  Story story("Whoever looks for the fault has only the log. Do not lose what the exception says.");
  std::string visitor;
  testing::internal::CaptureStderr();
  {
    Shop shop(story);
    story.step("serving a client throws std::runtime_error(\"on purpose\")");
    shop.visit_and_wait("rude");
    visitor = shop.visitor();
  }
  const std::string rude = testing::internal::GetCapturedStderr();
  story.expect("the log", visitor + " failed: on purpose\n", rude);
  testing::internal::CaptureStderr();
  {
    Shop shop(story);
    story.step("serving a client throws an int");
    shop.visit_and_wait("odd");
    visitor = shop.visitor();
  }
  const std::string odd = testing::internal::GetCapturedStderr();
  story.expect("the log", visitor + " failed\n", odd);
}

TEST(Crew, a_broken_connection_is_logged_too) {
  Story story("Its address is gone, but the exception still says what happened. Log it.");
  testing::internal::CaptureStderr();
  {
    Shop shop(story);
    story.step("a client comes whose connection does not last");
    shop.visit_and_break(true);
  }
  const std::string log = testing::internal::GetCapturedStderr();
  story.expect("the log", std::string("a client failed: read: Connection reset by peer\n"), log);
}

}  // namespace
