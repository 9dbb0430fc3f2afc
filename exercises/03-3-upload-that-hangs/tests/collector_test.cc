#include "03-3-upload-that-hangs/collector.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>

#include "support/story.h"

namespace {

using mini::IOLoop;
using mini::Socket;
using story::Story;

// A sender, and a collector at the other end of its connection.
class Upload {
 public:
  explicit Upload(Story& story) : story_(story) {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds.data()), 0);
    sender_ = Socket(fds[0]);
    const auto finished = [this](const std::string& all) {
      ++times_finished_;
      all_ = all;
      loop_.stop();
    };
    collector_ = std::make_unique<Collector>(loop_, Socket(fds[1]), finished, [this] {
      ++pieces_;
      if (on_piece_) on_piece_();
    });
  }

  void send(std::size_t size) {
    story_.step("the client sends " + std::to_string(size) + " bytes");
    sender_.write_all(std::string(size, 'x'));
  }
  void end() {
    story_.step("the client closes its side");
    sender_.shutdown_write();
  }
  void expect_all(std::size_t size) {
    loop_.start();
    story_.expect("the bytes that were collected", size, all_.size());
    story_.expect("how often `finished` was called", 1, times_finished_);
  }
  IOLoop& loop() { return loop_; }
  Socket& sender() { return sender_; }
  int pieces() const { return pieces_; }
  void on_piece(std::function<void()> function) { on_piece_ = std::move(function); }

 private:
  Story& story_;
  IOLoop loop_;
  Socket sender_;
  std::unique_ptr<Collector> collector_;
  std::string all_;
  int times_finished_ = 0;
  int pieces_ = 0;
  std::function<void()> on_piece_;
};

TEST(Collector, a_small_upload) {
  Story story("This one passes on the starter: one read is enough for it.");
  Upload upload(story);
  upload.send(1000);
  upload.loop().call_later(0.02, [&] { upload.end(); });
  upload.expect_all(1000);
}

TEST(Collector, a_large_upload) {
  Story story(
      "An edge is told once: \"something has arrived\". A reader that leaves bytes behind hears of "
      "them\n"
      "  only when more arrive, and this client sends no more: it waits for an answer.");
  Upload upload(story);
  upload.send(50'000);
  upload.loop().call_later(0.02, [&] { upload.end(); });
  upload.expect_all(50'000);
}

TEST(Collector, a_larger_upload) {
  Story story(
      "A larger buffer makes the fault rarer, and harder to find. There is always a larger "
      "upload.");
  Upload upload(story);
  upload.send(150'000);
  upload.loop().call_later(0.02, [&] { upload.end(); });
  upload.expect_all(150'000);
}

TEST(Collector, a_sender_who_pauses) {
  Story story(
      "Nothing now is not nothing more. EAGAIN means \"not yet\", a read of 0 bytes means \"the "
      "end\": two\n"
      "  different answers.");
  Upload upload(story);
  upload.send(1000);
  upload.loop().call_later(0.02, [&] { upload.send(1000); });
  upload.loop().call_later(0.04, [&] { upload.end(); });
  upload.expect_all(2000);
}

TEST(Collector, a_sender_without_pause) {
  Story story(
      "A loop that reads until there is nothing left never comes back if the client sends faster "
      "than you\n"
      "  read. All other clients wait for this one. Read a little, and let the event loop call "
      "again.");
  Upload upload(story);
  constexpr int kPieces = 2000;
  int when_others_ran = 0;
  story.step("each time a piece is read, the client sends another, 2000 times");
  upload.on_piece([&] {
    if (upload.pieces() == 1) {
      upload.loop().add_callback([&] { when_others_ran = upload.pieces(); });
    }
    if (upload.pieces() < kPieces) {
      upload.sender().write_all("x");
    } else if (upload.pieces() == kPieces) {
      upload.sender().shutdown_write();
    }
  });
  upload.sender().write_all("x");
  upload.loop().start();
  story.expect("another callback had its turn within the first 100 pieces", true,
               when_others_ran > 0 && when_others_ran <= 100);
}

TEST(Collector, a_client_that_ends_at_once) {
  Story story("A read of 0 bytes is the end, even if it is the first.");
  Upload upload(story);
  upload.end();
  upload.expect_all(0);
}

}  // namespace
