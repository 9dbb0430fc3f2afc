#include "04-3-relay/relay.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "support/story.h"
#include "tests/chapters/01-blocking-server/client.h"

namespace {

using mini::IOLoop;
using mini::IOStream;
using story::Story;
using Stream = std::shared_ptr<IOStream>;

// sender -> source => destination -> receiver. The sender and the receiver are streams of the test.
// All four share one loop.
class Relayed {
 public:
  explicit Relayed(Story& story) : story_(story) {
    story_.step("relay is called");
    relay(source_, destination_);
  }

  // Sends `size` bytes, and then ends the stream if `end` is true.
  void send(std::size_t size, bool end = false) {
    story_.step("the sender sends " + std::to_string(size) + " bytes" + (end ? " and ends" : ""));
    sender_->write(std::string(size, 'x'));
    if (end) sender_->end_in_order();
  }
  // The receiver takes everything, as fast as it arrives.
  void receive() {
    receiver_->read_bytes(
        65536,
        [this](const std::string& piece) {
          received_ += piece.size();
          look();
          receive();
        },
        true);
  }
  void run(double seconds) {
    const mini::Timeout end = loop_.call_later(seconds, [this] { loop_.stop(); });
    look_again();
    loop_.start();
    loop_.remove_timeout(end);
  }
  // Runs until the receiver has seen the end, or until the story's time is up.
  void run_to_the_end() {
    receiver_->set_close_callback([this] { loop_.stop(); });
    look_again();
    loop_.start();
  }
  void look() { most_waiting_ = std::max(most_waiting_, destination_->unsent()); }

  std::size_t received() const { return received_; }
  std::size_t most_waiting() const { return most_waiting_; }
  Stream& sender() { return sender_; }
  Stream& receiver() { return receiver_; }
  Stream& source() { return source_; }
  Stream& destination() { return destination_; }

 private:
  void look_again() {
    look();
    loop_.call_later(0.001, [this] { look_again(); });
  }

  Story& story_;
  mini::Socket listener_ = listen();
  IOLoop loop_;
  Stream sender_ = connect();
  Stream source_ = accept();
  Stream destination_ = connect();
  Stream receiver_ = accept();
  std::size_t received_ = 0;
  std::size_t most_waiting_ = 0;

  // The receiver's kernel keeps little, so that bytes on their way wait in the destination's.
  static mini::Socket listen() {
    mini::Socket listener = mini::Socket::listen(0);
    const int size = 16 * 1024;
    ::setsockopt(listener.fd(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    return listener;
  }
  Stream connect() {
    Stream stream = IOStream::create(loop_, mini::Socket(::socket(AF_INET, SOCK_STREAM, 0)));
    stream->connect(listener_.port(), "127.0.0.1", nullptr);
    return stream;
  }
  Stream accept() { return IOStream::create(loop_, *listener_.accept()); }
};

TEST(Relay, a_small_message) {
  Story story("This one passes on the starter: nothing has to wait.");
  Relayed relayed(story);
  relayed.receive();
  relayed.send(1000, true);
  relayed.run_to_the_end();
  story.expect("the bytes that were received", std::size_t{1000}, relayed.received());
}

TEST(Relay, a_receiver_that_does_not_read) {
  Story story(
      "Everybody gets the right bytes. But while this receiver reads nothing, the process grows by "
      "the "
      "whole file.\n"
      "  It need not hold more than kMaxWaiting bytes of it.");
  Relayed relayed(story);
  relayed.send(20'000'000);
  relayed.run(0.3);
  story.expect("no more than kMaxWaiting bytes have waited in the destination", true,
               relayed.most_waiting() <= kMaxWaiting);
}

TEST(Relay, a_receiver_that_begins_late) {
  Story story(
      "A relay that stops reading must know when to go on, or a slow receiver never gets the rest. "
      "And closing\n"
      "  its connection is not a way to wait for it.",
      10);
  Relayed relayed(story);
  relayed.send(20'000'000, true);
  relayed.run(0.2);
  story.step("now the receiver begins to read");
  relayed.receive();
  relayed.run_to_the_end();
  story.expect("the bytes that were received", std::size_t{20'000'000}, relayed.received());
  story.expect("no more than kMaxWaiting bytes have waited in the destination", true,
               relayed.most_waiting() <= kMaxWaiting);
}

TEST(Relay, a_sender_that_ends_while_the_receiver_is_slow) {
  Story story("Closing at once loses what waits: in the destination, and in the kernel after it.");
  Relayed relayed(story);
  story.step("the receiver says two things that nobody reads");
  relayed.receiver()->write("hello\n");
  relayed.run(0.05);
  relayed.receiver()->write("are you there?\n");
  constexpr std::size_t kSize = 6'000'000;  // as much as the kernel holds, and a little more
  relayed.send(kSize, true);
  relayed.run(0.1);
  relayed.receive();
  relayed.run_to_the_end();
  story.expect("the bytes that were received", kSize, relayed.received());
}

TEST(Relay, a_receiver_that_leaves) {
  Story story("Nobody wants the rest. A sender that is not told sends it, and waits for ever.");
  Relayed relayed(story);
  relayed.send(20'000'000);
  relayed.run(0.1);
  story.step("the receiver leaves");
  relayed.receiver()->close();
  relayed.run(0.2);
  story.expect("the source is closed", true, relayed.source()->closed());
  story.expect("the destination is closed", true, relayed.destination()->closed());
}

}  // namespace
