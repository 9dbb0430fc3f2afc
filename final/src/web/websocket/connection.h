// Internal header. One WebSocket (RFC 6455) over a stream, for either side: messages both ways,
// back-pressure, pings, and the closing handshake, as a state machine over stream events.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/iostream.h>
#include <tornado/websocket.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/server/connection.h"
#include "http/websocket/deflate.h"
#include "http/websocket/message.h"

namespace tornado::websocket::detail {

// The parameters of one side: the agreed ones and its own.
struct ConnectionRules {
  bool client = false;  // masks its frames, and lets the server close first
  bool compressed = false;
  http::DeflateSettings deflate;  // for sent messages
  http::MessageRules messages;    // for received messages
  double ping_interval = 0;       // seconds; 0: no pings
  double ping_timeout = 0;        // for a pong; at most, and if 0: ping_interval
};

// Shared by its stream, until that has closed, and by the queue in which it waits for its turn;
// ended() is the last call. While idle it owns no buffer, no timer unless it pings, and no
// compressor before the first message.
class Connection : public http::Upgraded,
                   private core::Runnable,
                   public core::CountedAs<Connection> {
 public:
  // The time for the peer to reply to our close frame, and for either side to see the end of the
  // stream.
  static constexpr double kCloseSeconds = 5.0;
  // Above this many bytes of pending output nothing more is read: a peer that sends without reading
  // would fill our memory with responses. A write's future also waits above it.
  static constexpr std::size_t kHighWater = 65'536;
  // Above this many, the next message to send ends the connection.
  static constexpr std::size_t kMaxOutput = 67'108'864;

  explicit Connection(const ConnectionRules& rules);
  ~Connection() override;

  // Begins, as the observer of `stream`: bytes that have already arrived are shown at the end of
  // the round.
  void begin(iostream::IOStream stream, const ConnectionRules& rules);

  // Fail with WebSocketClosedError once either side has called close(), or the stream has closed.
  Future<void> send(std::string_view payload, bool binary);
  Future<void> send(const PreparedMessage& message);
  Future<void> send_ping(std::string_view data);
  // Begins the closing handshake; does nothing if it has begun. A `code` of 0 sends none. The
  // arguments must have been checked.
  void send_close(int code, std::string_view reason);

  // Delivers no more messages until resume().
  void pause();
  void resume();

  // Returns the future of a write after the connection has closed.
  static Future<void> closed_future();

  // Whether frames may still be sent. False when the loop is closed: nothing would leave any more,
  // and the attempt would end the connection inside the call.
  bool open() const noexcept;
  void set_nodelay(bool value) const { stream_.set_nodelay(value); }
  // The code in the peer's close frame; 0 if it had none, or has not arrived.
  int peer_code() const noexcept { return peer_code_; }
  const std::string& peer_reason() const noexcept;

  // http::Upgraded.
  void close() override;
  void abandon() override;
  void go_away() override;
  std::size_t on_data(std::string_view data) override;
  void on_eof() override;
  void on_closed() override;
  void on_drained() override;

 protected:
  iostream::detail::Stream& stream() override { return stream_.impl(); }

  // They must not throw, and may call anything here. `payload` is valid during the call.
  virtual void message(std::string_view payload, bool binary) = 0;
  virtual void ping(std::string_view payload) = 0;
  virtual void pong(std::string_view payload) = 0;
  // The stream has closed. Called once.
  virtual void ended() = 0;

 private:
  struct Parts;
  class Pinger;

  // The turn: continues once the kernel was offered the output.
  void run() override;
  void discard() noexcept override;

  bool reads() const noexcept;
  void take(const http::MessageResult& result);
  void take_close(std::string_view payload);
  void fail(int code, std::string_view reason);
  void end_stream();
  void arm_close_timer();
  Parts& parts();
  void queue_turn();
  void go_on();
  void tell_end();

  bool accepts_output();
  void append_frame(http::Opcode opcode, bool compressed, std::string_view payload);
  std::string_view compress(std::string_view payload);
  Future<void> written();

  // Ordered by size: there may be many idle ones.
  std::uint16_t peer_code_ = 0;
  bool close_sent_ = false;
  bool told_ = false;
  iostream::IOStream stream_;
  http::MessageReader reader_;
  std::unique_ptr<Parts> parts_;
  http::DeflateSettings deflate_;
  bool client_ : 1;
  bool compressed_ : 1;
  bool deflater_stale_ : 1 = false;  // the peer has text that our compressor has not seen
  bool held_ : 1 = false;
  bool over_ : 1 = false;  // the peer's close frame has arrived, or we have failed the connection
  bool eof_ : 1 = false;
  bool turn_queued_ : 1 = false;
};

}  // namespace tornado::websocket::detail
