#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "talk.h"

namespace {

// ---- milestone 4

TEST(Owners, the_close_callback) {
  Story story(
      "close() is called in the middle of something. So the close callback comes from the loop, "
      "once, "
      "and no other\n"
      "  callback comes at all.");
  Talk talk(story);
  std::string called;
  talk.stream().set_close_callback([&] { called += "first "; });
  talk.stream().set_close_callback([&] { called += "close "; });
  talk.stream().read_until("\n", [&](const std::string&) { called += "read "; });
  talk.stream().write("x", [&] { called += "write "; });
  story.step("close() is called, twice, with a read and a write under way");
  talk.stream().close();
  talk.stream().close();
  story.expect("what was called inside close()", std::string(), called);
  talk.run();
  story.expect("what was called", std::string("close "), called);
  story.step("set_close_callback() on the closed stream");
  talk.stream().set_close_callback([&] { called += "late "; });
  talk.run();
  story.expect("what was called", std::string("close late "), called);
}

// A connection as a server has it: its only owners are the callbacks of its stream.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  explicit Connection(std::shared_ptr<IOStream> stream) : stream_(std::move(stream)) {}
  void start() {
    stream_->set_close_callback([self = shared_from_this()] { self->name_ += "."; });
    stream_->read_until("\n", [self = shared_from_this()](const std::string&) {});
  }
  void end() {
    stream_->close();
    name_ += " is whole";  // though both its owners have just been taken away
  }
  void end_in_order() {
    stream_->end_in_order();
    name_ += " is whole";
  }
  void end_without_callback() {
    stream_->set_close_callback(nullptr);
    name_ += " is whole";
    stream_->close();
  }

 private:
  std::shared_ptr<IOStream> stream_;
  std::string name_ = "a connection whose name is long enough to live on the heap";
};

// Returns an observer of a connection that only its stream's callbacks own.
std::weak_ptr<Connection> connection_of(std::shared_ptr<IOStream> stream) {
  const auto connection = std::make_shared<Connection>(std::move(stream));
  connection->start();
  return connection;
}

TEST(Owners, a_callback_that_owns_the_caller) {
  Story story(
      "A callback owns what it has captured, often the very object that calls close(). Freed "
      "inside "
      "close(), it takes\n"
      "  its caller with it. Let the loop free it, once the caller has returned.");
  Talk talk(story);
  const std::weak_ptr<Connection> one = connection_of(talk.shared());
  talk.stream().set_close_callback(nullptr);
  talk.run();
  story.step("a connection, owned by the callback of its read only, closes its stream");
  Connection* const plain = one.lock().get();  // nobody holds it during the call
  plain->end();
  talk.run();
  story.expect("it is freed", true, one.expired());
  Talk other(story);
  const std::weak_ptr<Connection> two = connection_of(other.shared());
  other.stream().close();
  const std::weak_ptr<Connection> three = connection_of(Talk(story).shared());
  story.expect("one whose loop is gone is freed too", true, three.expired());
}

TEST(Owners, a_close_callback_that_owns_the_caller) {
  Story story(
      "The callback that set_close_callback() replaces may be the caller's last owner, too.");
  Talk talk(story);
  const std::weak_ptr<Connection> one = [&] {
    const auto connection = std::make_shared<Connection>(talk.shared());
    talk.stream().set_close_callback([connection] {});
    return std::weak_ptr(connection);
  }();
  story.step("a connection, owned by the close callback only, removes it");
  Connection* const plain = one.lock().get();
  plain->end_without_callback();
  talk.run();
  story.expect("it is freed", true, one.expired());
}

TEST(Owners, a_stream_that_waits) {
  Story story(
      "A stream lives while somebody holds it, and while it has something to do. When its loop "
      "goes, "
      "nobody will do it:\n"
      "  whatever the stream owns must go too, though it owns the stream.");
  auto talk = std::make_unique<Talk>(story);
  const std::weak_ptr<IOStream> observer = talk->shared();
  std::weak_ptr<Connection> connection = connection_of(talk->shared());
  talk->drop();
  talk->run();
  story.expect("nobody holds it, but it reads: it lives", false, observer.expired());
  story.step("the loop is destroyed");
  talk.reset();
  story.expect("the stream is freed", true, observer.expired());
  story.expect("so is the connection that its callbacks own", true, connection.expired());
}

TEST(Owners, a_stream_that_is_done) {
  Story story(
      "A stream that has nothing to do lives only as long as somebody holds it.\n"
      "  A handler that stays in the loop holds it for ever.");
  Talk talk(story);
  const std::weak_ptr<IOStream> idle = talk.shared();
  talk.read_until("\n");
  talk.send("hello\n");
  talk.drop();
  story.expect("nobody holds a stream that has read its message: it is freed", true,
               idle.expired());
  Talk other(story);
  const std::weak_ptr<IOStream> closed = other.shared();
  other.read_until("\n");
  other.stream().close();
  other.drop();
  other.run();
  story.expect("nobody holds a closed stream: it is freed", true, closed.expired());
}

// ---- milestone 5

TEST(End, of_a_client_that_listens_on) {
  Story story(
      "A read of 0 bytes says \"I have finished sending\". The client may still be waiting for the "
      "rest of\n"
      "  its response.",
      10);
  Talk talk(story);
  constexpr std::size_t kSize = 20'000'000;
  story.step("20 MB are written to a client that does not read yet");
  talk.stream().write(std::string(kSize, 'x'));
  talk.read_until("\n");
  story.step("the client closes its side");
  talk.client().half_close();
  talk.run();
  story.expect("the loop sleeps: an end that was seen need not be read again", true, talk.sleeps());
  story.step("the client begins to read");
  std::size_t received = 0;
  std::thread reader([&] { received = talk.client().read_to_end().size(); });
  talk.stream().set_close_callback([&] { talk.loop().stop(); });
  talk.loop().start();
  reader.join();
  story.expect("the bytes it has received", kSize, received);
}

TEST(End, of_what_the_other_side_sends) {
  Story story(
      "A client's last bytes come before its FIN. A stream that closes as soon as it has seen the\n"
      "  FIN loses them.");
  Talk talk(story);
  bool told = false;
  talk.stream().set_close_callback([&] { told = true; });
  story.step("the client sends one\\ntwo\\n and closes its side");
  talk.client().send("one\ntwo\n");
  talk.client().half_close();
  talk.read_until("\n");
  talk.run();
  talk.expect({"one\n"});
  talk.read_until("\n");
  talk.run();
  talk.expect({"one\n", "two\n"});
  talk.read_until("\n");
  talk.run();
  story.expect("the close callback was called", true, told);
  story.expect("there was an error", false, static_cast<bool>(talk.stream().error()));
}

TEST(End, of_a_stream_that_only_wants_to_know) {
  Story story(
      "A stream that reads nothing sees no end, unless it wants to know: with a close callback it\n"
      "  listens, until bytes arrive that nobody asked for.");
  Talk talk(story);
  story.step("the client closes its side; nobody reads");
  talk.client().half_close();
  talk.run();
  story.expect("the stream is closed", false, talk.stream().closed());
  story.step("a close callback is set");
  talk.stream().set_close_callback([] {});
  talk.run();
  story.expect("the stream is closed", true, talk.stream().closed());
  Talk other(story);
  story.step("another stream has a close callback, and the client sends what nobody asked for");
  other.stream().set_close_callback([] {});
  other.send("hello\n");
  other.read_until("\n");
  other.run();
  other.expect({"hello\n"});
  story.step("nothing is left of it, and the client closes its side");
  other.client().half_close();
  other.run();
  story.expect("the stream is closed", true, other.stream().closed());
}

TEST(End, of_a_message_that_is_too_long) {
  Story story(
      "A client whose message is too long may still be sending it.\n"
      "  End in order, so that it gets what you have written to it.");
  Talk talk(story);
  talk.stream().write("too long");
  talk.read_until("\n", 10);
  talk.send(std::string(100, 'x'));
  story.expect("the client receives", std::string("too long"), talk.client().read_to_end());
  talk.run();
  story.expect("the stream is closed", true, talk.stream().closed());
}

TEST(End, in_order) {
  Story story(
      "A graceful close sends everything, then FIN, and goes on reading until the client's FIN: a "
      "socket that is closed\n"
      "  with unread bytes sends a reset, which destroys what is still on its way.",
      10);
  Talk talk(story);
  constexpr std::size_t kSize = 20'000'000;
  talk.read_until("\n");
  story.step("20 MB are written; end_in_order(); the client has sent what is never read");
  talk.client().send("this is never read");
  talk.stream().write(std::string(kSize, 'x'));
  talk.stream().end_in_order();
  talk.stream().write("too late");
  talk.read_until("\n");
  story.expect("it reads", false, talk.stream().reading());
  talk.stream().set_close_callback([&] { talk.loop().stop(); });
  std::size_t received = 0;
  std::thread reader([&] { received = talk.client().read_to_end().size(); });
  talk.loop().start();
  reader.join();
  story.expect("the bytes that the client has received", kSize, received);
  story.expect("there was an error", false, static_cast<bool>(talk.stream().error()));
  talk.expect({});
}

TEST(End, in_order_with_a_client_that_ends_too) {
  Story story(
      "Your FIN tells the client that nothing more comes, and its FIN tells you the same.\n"
      "  Both sides have ended then, so there is nothing to wait for.");
  mini::VirtualClock clock;  // stands still while Talk runs the loop
  Talk talk(story, clock);
  const std::weak_ptr<IOStream> observer = talk.shared();
  talk.read_until("\n");
  story.step("end_in_order()");
  talk.stream().end_in_order();
  talk.run();
  story.expect("the client receives", std::string(), talk.client().read_to_end());
  story.step("the client closes, too");
  talk.run();
  story.expect("the stream is closed", true, talk.stream().closed());
  talk.drop();
  story.expect("nobody holds it: it is freed", true, observer.expired());
}

TEST(End, in_order_by_a_callback_that_owns_the_caller) {
  Story story(
      "The read that was under way is over, and its callback will not be called.\n"
      "  But it may own the caller of end_in_order(): let the loop free it.");
  Talk talk(story);
  const std::weak_ptr<Connection> one = connection_of(talk.shared());
  talk.stream().set_close_callback(nullptr);
  talk.run();
  story.step("a connection, owned by the callback of its read only, ends its stream in order");
  Connection* const plain = one.lock().get();  // nobody holds it during the call
  plain->end_in_order();
  talk.run();
  story.expect("it is freed", true, one.expired());
}

TEST(End, in_order_but_not_forever) {
  Story story(
      "A client that neither reads nor leaves would hold the connection as long as it likes: after "
      "a "
      "second it is\n"
      "  closed all the same. So is one that never stops sending.",
      10);
  mini::VirtualClock clock;
  IOLoop loop(clock);
  mini::Pair pair;
  const auto stream = IOStream::create(loop, std::move(pair.server));
  const double start = loop.time();
  stream->set_close_callback([&] { loop.stop(); });
  story.step("end_in_order(); the client stays, and does nothing");
  stream->end_in_order();
  loop.start();
  story.expect("the seconds until the stream is closed", 1.0, loop.time() - start);
  Talk talk(story, clock);
  story.step("end_in_order(); within the second, the client sends 1 MiB");
  talk.stream().end_in_order();
  for (int i = 0; i < 64; ++i) {
    talk.client().send(std::string(16 * 1024, 'x'));
    talk.run();
  }
  story.expect("the stream is closed", false, talk.stream().closed());
  talk.send("x");
  story.expect("the stream is closed", true, talk.stream().closed());
}

}  // namespace
