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

// What a client says decides what serving it does.
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
  Story story("This one passes on the starter: as long as nobody fails, all is well.");
  Shop shop(story);
  for (int i = 0; i < 20; ++i) shop.expect_served();
}

TEST(Crew, two_rude_clients_and_two_workers) {
  Story story(
      "An exception ended the worker, and a worker that has ended serves nobody. Accepted is not "
      "served:\n"
      "  the connection lies in the queue, and nobody is left to take it out.");
  Shop shop(story);
  for (int i = 0; i < 2; ++i) {
    story.step("serving a client throws std::runtime_error");
    shop.visit_and_wait("rude");
  }
  shop.expect_served();
}

TEST(Crew, a_hundred_rude_clients) {
  Story story("More workers make the fault come later. Every client that fails still costs one.");
  Shop shop(story);
  story.step("serving a hundred clients throws std::runtime_error");
  for (int i = 0; i < 100; ++i) shop.visit_and_wait("rude");
  shop.expect_served();
}

TEST(Crew, exceptions_of_any_kind) {
  Story story(
      "Not everything that is thrown is a std::exception. What leaves a thread's function uncaught "
      "ends the\n"
      "  whole process.");
  Shop shop(story);
  story.step("serving ten clients throws an int");
  for (int i = 0; i < 10; ++i) shop.visit_and_wait("odd");
  shop.expect_served();
}

TEST(Crew, the_connection_of_a_failed_client_ends) {
  Story story(
      "A socket that is kept is a connection that stays open: the client waits for an answer that "
      "nobody\n"
      "  will write. The socket must be destroyed in the turn of the loop in which serving it "
      "failed.");
  Shop shop(story);
  story.step("serving a client throws std::runtime_error");
  Client client = shop.visit("rude");
  story.step("the client reads until its connection ends");
  story.expect("what it got", std::string(), client.read_to_end());
}

}  // namespace
