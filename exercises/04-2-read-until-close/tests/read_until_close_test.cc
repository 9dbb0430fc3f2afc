#include "04-2-read-until-close/read_until_close.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "support/story.h"
#include "tests/chapters/01-blocking-server/client.h"

namespace {

using mini::IOLoop;
using mini::IOStream;
using story::Story;

// A sender, and a stream at the other end of its connection that is read to its end.
class Download {
 public:
  explicit Download(Story& story, std::size_t max_bytes = IOStream::kMaxBufferSize)
      : story_(story), stream_(IOStream::create(loop_, std::move(pair_.server))) {
    story_.step("read_until_close is called");
    read_until_close(
        stream_,
        [this](std::string data, std::error_code error) {
          ++times_;
          data_ = std::move(data);
          error_ = error;
        },
        max_bytes);
  }

  void send(const std::string& data) {
    story_.step("the other side sends " + story::in_quotes(data));
    pair_.client.send(data);
    run();
  }
  void end() {
    story_.step("the other side closes its side");
    pair_.client.half_close();
    run();
  }
  void reset() {
    story_.step("the connection breaks");
    pair_.client.reset();
    run();
  }
  // Lets the stream read what was sent, as far as somebody reads it.
  void run() {
    for (int i = 0; i < 200; ++i) {
      loop_.add_callback([this] { loop_.stop(); });
      loop_.start();
    }
  }
  void expect(const std::string& what, const std::string& data, bool error) {
    story_.expect("how often the callback was called", 1, times_);
    story_.expect(what, story::in_quotes(data), story::in_quotes(data_));
    story_.expect("it came with an error", error, static_cast<bool>(error_));
  }
  int times() const { return times_; }
  std::error_code error() const { return error_; }
  std::shared_ptr<IOStream>& stream() { return stream_; }

 private:
  Story& story_;
  mini::Pair pair_;
  IOLoop loop_;
  std::shared_ptr<IOStream> stream_;
  int times_ = 0;
  std::string data_;
  std::error_code error_;
};

TEST(ReadUntilClose, a_sender_that_pauses) {
  Story story(
      "Bytes that have arrived are not all bytes. A pause, or a piece that is smaller than the "
      "room "
      "for it, says\n"
      "  nothing about the rest: only the end says that this was all.");
  Download download(story);
  download.send("one ");
  story.expect("the callback was called", 0, download.times());
  download.send("two");
  story.expect("the callback was called", 0, download.times());
  download.end();
  download.expect("the data", "one two", false);
}

TEST(ReadUntilClose, more_than_one_read_brings) {
  Story story("A read returns as much as has arrived, and a buffer has an end.");
  Download download(story);
  const std::string large(150'000, 'x');
  download.send(large);
  download.send(large);
  download.end();
  download.expect("the data", large + large, false);
}

TEST(ReadUntilClose, nothing_at_all) {
  Story story("A read of 0 bytes is the end, even if it is the first.");
  Download download(story);
  download.end();
  download.expect("the data", "", false);
}

TEST(ReadUntilClose, a_connection_that_breaks) {
  Story story(
      "A connection that breaks is not an end. Half a file that passes for a whole one is worse "
      "than "
      "none:\n"
      "  the stream's error() tells the two apart.");
  Download download(story);
  download.send("half of i");
  download.reset();
  download.expect("the data", "half of i", true);
}

TEST(ReadUntilClose, more_than_it_may_be) {
  Story story(
      "Without a limit, the other side decides how much memory you need. It sends until you have "
      "none. Of the\n"
      "  piece that is too much nothing is collected: a part of it is of no use to anybody.");
  Download download(story, 1000);
  download.send(std::string(600, 'x'));
  download.send(std::string(600, 'y'));
  download.expect("the data", std::string(600, 'x'), true);
  story.expect("the error is message_size", true, download.error() == std::errc::message_size);
  story.expect("the stream is closed", true, download.stream()->closed());
}

TEST(ReadUntilClose, just_as_much_as_it_may_be) {
  Story story("A limit of 1000 bytes lets 1000 bytes through.");
  Download download(story, 1000);
  download.send(std::string(1000, 'x'));
  download.end();
  download.expect("the data", std::string(1000, 'x'), false);
}

TEST(ReadUntilClose, a_stream_that_is_closed_already) {
  Story story(
      "A stream that is closed already has ended too. Nobody reads from it, so tell your caller; "
      "but from the loop,\n"
      "  like every callback, because your caller is in the middle of something.");
  for (const std::error_code error : {std::error_code(), make_error_code(std::errc::io_error)}) {
    mini::Pair pair;
    IOLoop loop;
    const auto stream = IOStream::create(loop, std::move(pair.server));
    story.step("the stream is closed " + std::string(error ? "with an error" : "without an error"));
    stream->close(error);
    int times = 0;
    std::string data = "not set";
    std::error_code came;
    story.step("read_until_close is called");
    read_until_close(stream, [&](std::string all, std::error_code reason) {
      ++times;
      data = std::move(all);
      came = reason;
    });
    story.expect("how often the callback was called before the loop ran", 0, times);
    loop.add_callback([&] { loop.stop(); });
    loop.start();
    story.expect("how often it was called by the loop", 1, times);
    story.expect("the data", std::string(), data);
    story.expect("it came with the stream's error", true, came == error);
  }
}

TEST(ReadUntilClose, holds_nothing_afterwards) {
  Story story("The captures of a callback live as long as the callback does.");
  Download download(story);
  download.send("all");
  download.end();
  const std::weak_ptr<IOStream> watch = std::exchange(download.stream(), nullptr);
  download.run();
  story.expect("nobody holds the stream any more", true, watch.expired());
}

}  // namespace
