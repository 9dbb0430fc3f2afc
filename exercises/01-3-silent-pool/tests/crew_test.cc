#include "01-3-silent-pool/crew.h"

#include <gtest/gtest.h>

#include <array>
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
    crew_.add(*listener_.accept());
    return client;
  }
  void visit_and_wait(const std::string& word) { visit(word).read_to_end(); }
  void expect_served() {
    Client client = visit("hello");
    story_.step("a client says \"hello\" and waits for its answer");
    story_.expect("its answer", std::string("ok"), client.read_to_end());
  }

 private:
  Story& story_;
  Socket listener_;
  Crew crew_;
};

TEST(Crew, serves_every_client) {
  Story story("This one passes with the starter: as long as no client fails, all is well.");
  Shop shop(story);
  for (int i = 0; i < 20; ++i) shop.expect_served();
}

TEST(Crew, two_rude_clients_and_two_workers) {
  Story story(
      "An exception ended the worker, and a worker that has ended serves nobody. Accepted is\n"
      "  not served: the connection is in the queue, and nobody is left to take it out.");
  Shop shop(story);
  for (int i = 0; i < 2; ++i) {
    story.step("serving a client throws std::runtime_error");
    shop.visit_and_wait("rude");
  }
  shop.expect_served();
}

TEST(Crew, a_hundred_rude_clients) {
  Story story("More workers only delay the fault: every client that fails still costs one.");
  Shop shop(story);
  story.step("serving a hundred clients throws std::runtime_error");
  for (int i = 0; i < 100; ++i) shop.visit_and_wait("rude");
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
  testing::internal::CaptureStderr();
  {
    Shop shop(story);
    story.step("serving a client throws std::runtime_error(\"on purpose\")");
    shop.visit_and_wait("rude");
  }
  const std::string rude = testing::internal::GetCapturedStderr();
  story.expect("the log", std::string("a client failed: on purpose\n"), rude);
  testing::internal::CaptureStderr();
  {
    Shop shop(story);
    story.step("serving a client throws an int");
    shop.visit_and_wait("odd");
  }
  const std::string odd = testing::internal::GetCapturedStderr();
  story.expect("the log", std::string("a client failed\n"), odd);
}

}  // namespace
