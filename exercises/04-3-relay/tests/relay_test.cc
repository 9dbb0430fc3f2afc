#include "04-3-relay/relay.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "support/story.h"

namespace {

using mini::IOLoop;
using mini::IOStream;
using story::Story;
using Stream = std::shared_ptr<IOStream>;

constexpr std::size_t kSize = 6 * Relay::kPiece;    // bytes of a file
constexpr std::size_t kMemory = 2 * Relay::kPiece;  // of the relay
constexpr double kPatience = 2;                     // seconds
constexpr double kLittlePatience = 0.1;             // seconds

// Two streams that are connected. The sockets are Unix sockets, because TCP has timers of its own:
// on a busy machine, it may be seconds before it sends again what a full receiver has dropped.
struct Connection {
  Stream near, far;
};

// The kernel keeps up to about twice `kept` bytes of what the near end sends.
Connection connection(IOLoop& loop, int kept) {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &kept, sizeof kept);
  return {IOStream::create(loop, mini::Socket(ends[0])),
          IOStream::create(loop, mini::Socket(ends[1]))};
}

// sender -> source => destination -> receiver. The sender and the receiver are streams of the test.
class Download {
 public:
  // The kernel keeps little for the destination, so that the rest waits there.
  explicit Download(IOLoop& loop)
      : in_(connection(loop, 128 * 1024)), out_(connection(loop, 16 * 1024)) {}

  void send(std::size_t size, bool end = false) {
    in_.near->write(std::string(size, 'x'));
    if (end) in_.near->end_in_order();
  }
  // The receiver takes everything, as fast as it arrives.
  void receive() {
    const auto on_piece = [this](const std::string& piece) {
      received_ += piece.size();
      receive();
    };
    receiver()->read_bytes(65536, on_piece, true);
  }
  void leave() { receiver()->close(); }
  void end() {
    for (const Stream& stream : {in_.near, in_.far, out_.near, out_.far}) stream->close();
  }

  std::size_t received() const { return received_; }
  const Stream& source() const { return in_.far; }
  const Stream& destination() const { return out_.near; }
  const Stream& receiver() const { return out_.far; }

 private:
  Connection in_, out_;
  std::size_t received_ = 0;
};

// A relay, and its customers. Everything runs on one loop.
class Town {
 public:
  Town() = default;
  // Ends all connections while the loop is there to free what they held.
  ~Town() {
    for (const auto& download : downloads_) download->end();
    settle();
  }
  Town(const Town&) = delete;
  Town& operator=(const Town&) = delete;

  // Begins a download: the sender sends `size` bytes, and ends if `end` is true.
  Download& begin(bool end = false, std::size_t size = kSize) {
    downloads_.push_back(std::make_unique<Download>(loop_));
    Download& download = *downloads_.back();
    relay_.copy(download.source(), download.destination());
    download.send(size, end);
    return download;
  }
  // Begins one whose receiver does not read. Returns when some of it waits in the destination, or
  // when kLittlePatience is over.
  Download& begin_slow() {
    Download& download = begin();
    run_until([&] { return download.destination()->unsent() > 0; }, kLittlePatience);
    return download;
  }
  void leave(Download& download) {
    download.leave();
    run_until([&] { return download.destination()->closed(); });
  }
  // Lets the receiver read. Returns how much it got of kSize bytes within kPatience.
  std::size_t finish(Download& download, double patience = kPatience) {
    download.receive();
    run_until([&] { return download.received() == kSize; }, patience);
    return download.received();
  }
  template <class Condition>
  void run_until(Condition done, double patience = kPatience) {
    const double end = loop_.time() + patience;
    while (!done() && loop_.time() < end) turn();
  }
  // Runs until nothing has moved for many turns. On one machine, what was sent has arrived.
  void settle() {
    std::size_t before = 0;
    for (int quiet = 0; quiet < 50; ++quiet) {
      turn();
      if (waiting() != before) quiet = 0;
      before = waiting();
    }
  }
  // The bytes that wait in all destinations together, and the most that ever did.
  std::size_t waiting() const {
    std::size_t sum = 0;
    for (const auto& download : downloads_) sum += download->destination()->unsent();
    return sum;
  }
  std::size_t most_waiting() const { return most_waiting_; }

 private:
  void turn() {
    loop_.add_callback([this] { loop_.stop(); });
    loop_.start();
    most_waiting_ = std::max(most_waiting_, waiting());
  }

  IOLoop loop_;
  Relay relay_{kMemory};
  std::vector<std::unique_ptr<Download>> downloads_;
  std::size_t most_waiting_ = 0;
};

TEST(Relay, one_download) {
  Story story("This one passes on the starter.");
  Town town;
  story.step("somebody downloads a file of 393216 bytes");
  story.expect("the bytes that arrived", kSize, town.finish(town.begin()));
}

TEST(Relay, a_day) {
  Story story("Not one byte moves any more, on this connection or on any other. Nobody is busy.",
              10);
  Town town;
  story.step("from morning to evening, 16 customers come and go");
  for (int customer = 0; customer < 16; ++customer) {
    if (customer % 4 == 0) {
      town.finish(town.begin(), kLittlePatience);
    } else {
      town.leave(town.begin_slow());
    }
  }
  story.step("somebody downloads a file of 393216 bytes");
  story.expect("the bytes that arrived", kSize, town.finish(town.begin()));
}

TEST(Relay, ten_that_do_not_read) {
  Story story(
      "The process grows with the number of slow receivers. What waits in all destinations "
      "together\n"
      "  may be no more than the memory of the relay.");
  Town town;
  story.step("ten customers download a file, and do not read");
  for (int customer = 0; customer < 10; ++customer) town.begin();
  town.settle();
  story.expect("more than the relay's memory has waited", false, town.most_waiting() > kMemory);
}

TEST(Relay, ten_that_read_late) {
  Story story("Whoever waits for memory must get it when it is free again.", 10);
  Town town;
  story.step("ten customers download a file, and do not read");
  std::vector<Download*> downloads;
  for (int customer = 0; customer < 10; ++customer) downloads.push_back(&town.begin(true));
  town.settle();
  story.step("now they read");
  for (Download* download : downloads) download->receive();
  for (Download* download : downloads) {
    town.run_until([&] { return download->received() == kSize && download->receiver()->closed(); });
    story.expect("the bytes that arrived", kSize, download->received());
    story.expect("the end has arrived", true, download->receiver()->closed());
  }
}

TEST(Relay, a_busy_evening) {
  Story story(
      "A customer who left while waiting for memory was given some in the end, and nobody took it "
      "back.",
      10);
  Town town;
  story.step("ten customers download a file, and do not read");
  std::vector<Download*> served;
  std::vector<Download*> waiting;
  for (int customer = 0; customer < 10; ++customer) served.push_back(&town.begin());
  town.settle();
  const auto waits = [](Download* download) { return download->destination()->unsent() == 0; };
  std::copy_if(served.begin(), served.end(), std::back_inserter(waiting), waits);
  std::erase_if(served, waits);
  story.expect("there is no memory for some of them", true, !waiting.empty());
  story.step("these leave, and then the others");
  for (Download* download : waiting) town.leave(*download);
  for (Download* download : served) town.leave(*download);
  story.step("somebody downloads a file of 393216 bytes");
  story.expect("the bytes that arrived", kSize, town.finish(town.begin()));
}

TEST(Relay, another_day) {
  Story story("The relay has more memory than it was given: some of it came back more than once.",
              10);
  Town town;
  story.step("48 customers come and go, some of them before the end");
  for (int customer = 0; customer < 48; ++customer) {
    Download& download = customer % 2 == 0 ? town.begin() : town.begin_slow();
    if (customer % 2 == 0) town.finish(download);
    town.leave(download);
  }
  story.step("ten customers download a file, and do not read");
  for (int customer = 0; customer < 10; ++customer) town.begin();
  town.settle();
  story.expect("more than the relay's memory has waited", false, town.most_waiting() > kMemory);
}

TEST(Relay, small_files) {
  Story story("The source has ended, and its last piece still waits in the destination.");
  Town town;
  story.step("ten customers download a file of 65536 bytes, and do not read");
  for (int customer = 0; customer < 10; ++customer) town.begin(true, Relay::kPiece);
  town.settle();
  story.expect("more than the relay's memory has waited", false, town.most_waiting() > kMemory);
}

TEST(Relay, a_receiver_that_leaves) {
  Story story("Nobody wants the rest. A sender that is not told sends it, and waits for ever.");
  Town town;
  story.step("somebody begins a download, and leaves");
  Download& download = town.begin_slow();
  town.leave(download);
  town.run_until([&] { return download.source()->closed(); });
  story.expect("the destination is closed", true, download.destination()->closed());
  story.expect("the source is closed", true, download.source()->closed());
}

}  // namespace
