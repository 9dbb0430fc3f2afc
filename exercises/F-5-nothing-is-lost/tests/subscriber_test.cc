#include "F-5-nothing-is-lost/subscriber.h"

#include <gtest/gtest.h>
#include <tornado/ioloop.h>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/story.h"

namespace {

using story::Story;
using tornado::Future;
using tornado::bus::Cursor;
using tornado::bus::LocalBus;
using tornado::bus::Message;
using tornado::bus::Messages;
using tornado::ioloop::IOLoop;
using Texts = std::vector<std::string>;

constexpr const char* kRoom = "room";

void settle() {
  for (int i = 0; i < 10; ++i) {
    IOLoop::current().add_callback([] { IOLoop::current().stop(); });
    IOLoop::current().start();
  }
}

// Stands for what is behind the proxy: servers that share a bus. One of them responds to the
// client.
class Servers {
 public:
  explicit Servers(Story& story) : story_(story) {}

  void publish(const std::string& text) {
    story_.step("somebody writes \"" + text + "\"");
    taken_.push_back(bus_.publish(kRoom, text));
    settle();
  }
  // The next `count` questions fail at once: there is nobody to take them.
  void refuse(int count) { refused_ = count; }
  // Breaks the connection of the client that waits.
  void kill() {
    story_.step("the server that the client waits for is killed");
    killed_ = true;
    waits_.cancel();
    settle();
  }

  Subscriber::Ask ask() {
    return [this](Cursor after) { return respond(after); };
  }
  std::size_t questions() const { return questions_; }

 private:
  Future<Messages> respond(Cursor after) {
    ++questions_;
    if (refused_ > 0) {
      --refused_;
      throw std::runtime_error("connection refused");
    }
    waits_ = bus_.after(kRoom, after);
    Messages news;
    try {
      news = co_await waits_;
    } catch (const tornado::concurrent::CancelledError&) {
      if (std::exchange(killed_, false)) throw std::runtime_error("connection closed");
      throw;  // the client has cancelled its question
    }
    co_return news;
  }

  Story& story_;
  LocalBus bus_;
  std::vector<Future<Cursor>> taken_;
  Future<Messages> waits_;
  int refused_ = 0;
  bool killed_ = false;
  std::size_t questions_ = 0;
};

// A user with a subscriber. The subscriber's pauses end when the test calls wake().
class User {
 public:
  User(Story& story, Servers& servers, Cursor position = {})
      : story_(story),
        subscriber_(
            servers.ask(), [this](const Message& message) { return show(message.body); },
            [this](double seconds) { return sleep(seconds); }, position) {
    story_.step("a client starts");
    running_ = subscriber_.run();
    settle();
  }
  ~User() {
    running_.cancel();
    settle();
    static_cast<void>(outcome());  // an exception that nobody looks at is logged
  }
  User(const User&) = delete;
  User& operator=(const User&) = delete;

  // Lets the pause that the client makes end.
  void wake() {
    if (sleeps_.done()) return;
    story_.step("the client's pause is over");
    sleeps_.set_result();
    settle();
  }
  void cancel() {
    story_.step("the user leaves: the future of run() is cancelled");
    running_.cancel();
    settle();
  }
  // Showing this text fails.
  void break_at(const std::string& text) { broken_ = text; }

  const Texts& shown() const { return shown_; }
  const std::vector<double>& pauses() const { return pauses_; }
  Cursor position() const { return subscriber_.position(); }
  std::string outcome() const {
    if (!running_.done()) return "it runs";
    try {
      running_.result();
      return "it has returned";
    } catch (const std::exception& error) {
      return error.what();
    }
  }

 private:
  Future<void> show(std::string text) {
    if (text == broken_) throw std::runtime_error("the page is closed");
    shown_.push_back(text);
    co_return;
  }
  Future<void> sleep(double seconds) {
    pauses_.push_back(seconds);
    sleeps_ = Future<void>();
    sleeps_.on_cancel();
    return sleeps_;
  }

  Story& story_;
  Texts shown_;
  std::vector<double> pauses_;
  std::string broken_;
  Future<void> sleeps_ = done();
  Subscriber subscriber_;
  Future<void> running_;

  static Future<void> done() {
    const Future<void> future;
    future.set_result();
    return future;
  }
};

TEST(Subscriber, a_quiet_day) {
  Story story("This one passes with the starter: no server is killed.");
  Servers servers(story);
  User user(story, servers);
  for (const char* text : {"a", "b", "c"}) servers.publish(text);
  story.expect("what the user saw", Texts{"a", "b", "c"}, user.shown());
}

TEST(Subscriber, a_server_is_killed) {
  Story story(
      "The client knows what it has shown. The next server knows nothing about this client, so the "
      "client has to\n"
      "  tell it.");
  Servers servers(story);
  User user(story, servers);
  servers.publish("a");
  servers.publish("b");
  servers.kill();
  servers.publish("c");
  user.wake();
  servers.publish("d");
  story.expect("what the user saw", Texts{"a", "b", "c", "d"}, user.shown());
}

TEST(Subscriber, several_messages_in_one_response) {
  Story story("A response holds all that has come since the question, not one message.");
  Servers servers(story);
  servers.refuse(1);
  User user(story, servers);
  for (const char* text : {"a", "b", "c"}) servers.publish(text);
  user.wake();
  story.expect("what the user saw", Texts{"a", "b", "c"}, user.shown());
}

TEST(Subscriber, a_client_that_goes_on_where_another_one_stopped) {
  Story story(
      "Move the position after a message was shown, not before. Else a client that ends between\n"
      "  the two never shows it.");
  Servers servers(story);
  servers.refuse(1);
  User first(story, servers);
  for (const char* text : {"a", "b", "c"}) servers.publish(text);
  first.break_at("b");
  first.wake();
  story.expect("what the first one saw", Texts{"a"}, first.shown());
  User second(story, servers, first.position());
  story.expect("what the second one saw", Texts{"b", "c"}, second.shown());
}

TEST(Subscriber, a_message_that_cannot_be_shown) {
  Story story(
      "A failure of the client's own page is not one of the servers. Asking again only hides it.");
  Servers servers(story);
  User user(story, servers);
  user.break_at("a");
  servers.publish("a");
  story.expect("the outcome of run()", std::string("the page is closed"), user.outcome());
  story.expect("the pauses", std::size_t{0}, user.pauses().size());
}

TEST(Subscriber, a_user_who_leaves) {
  Story story(
      "A cancelled future throws CancelledError where the coroutine waits. It is an exception "
      "like\n"
      "  any other: a coroutine that catches all of them cannot be stopped any more.");
  Servers servers(story);
  User waiting(story, servers);
  waiting.cancel();
  story.expect("the outcome while it waited for news", std::string("cancelled"), waiting.outcome());
  servers.refuse(1);
  User sleeping(story, servers);
  sleeping.cancel();
  story.expect("the outcome in a pause", std::string("cancelled"), sleeping.outcome());
}

TEST(Subscriber, nobody_is_there) {
  Story story(
      "A client that asks again at once asks thousands of times a second, exactly while the "
      "servers try to start.");
  Servers servers(story);
  servers.refuse(10);
  User user(story, servers);
  story.expect("the questions before the first pause is over", std::size_t{1}, servers.questions());
  double pause = Subscriber::kFirstPause;
  for (std::size_t failure = 0; failure < 10; ++failure) {
    if (!story.expect("the pauses so far", failure + 1, user.pauses().size())) return;
    const double seconds = user.pauses().back();
    story.expect("a pause between half and all of " + std::to_string(pause) + " s", true,
                 seconds >= pause / 2 && seconds <= pause);
    pause = std::min(2 * pause, Subscriber::kLongestPause);
    user.wake();
  }
  servers.publish("a");
  story.expect("what the user saw", Texts{"a"}, user.shown());
}

TEST(Subscriber, a_long_day) {
  Story story(
      "A response ends the trouble. The next failure is a new one, and its pause is short.");
  Servers servers(story);
  servers.refuse(6);
  User user(story, servers);
  for (int failure = 0; failure < 6; ++failure) user.wake();
  servers.publish("a");
  servers.kill();
  if (!story.expect("the pauses", std::size_t{7}, user.pauses().size())) return;
  story.expect("the last one is at most kFirstPause", true,
               user.pauses().back() <= Subscriber::kFirstPause);
}

TEST(Subscriber, many_clients) {
  Story story(
      "When a server is killed, all its clients notice in the same moment. If they all make the "
      "same pause, they\n"
      "  come back in the same moment too, and the next server falls.");
  Servers servers(story);
  std::deque<User> users;
  std::set<double> pauses;
  for (int i = 0; i < 20; ++i) {
    servers.refuse(1);
    pauses.insert(users.emplace_back(story, servers).pauses().at(0));
  }
  story.expect("20 clients make more than 10 different pauses", true, pauses.size() > 10);
}

}  // namespace
