#include "web/websocket/connection.h"

#include <tornado/log.h>

#include <utility>

#include "loop/loop_state.h"
#include "web/websocket/prepared_message.h"

namespace tornado::websocket::detail {
namespace {

namespace close_code = http::close_code;
using http::MessageStatus;
using http::Opcode;

// Payloads above this size are not copied after pending output.
constexpr std::size_t kCopied = 4096;
// A thread's scratch string that has grown beyond this is freed.
constexpr std::size_t kKeptScratch = 65'536;

std::string& scratch() {
  thread_local std::string of_thread;
  return of_thread;
}

void trim(std::string& text) {
  // An assignment would keep the memory.
  if (text.capacity() > kKeptScratch) std::string().swap(text);
}

Future<void> ready() {
  Future<void> future;
  future.set_result();
  return future;
}

void fail_as_closed(const Future<void>& future) {
  future.set_exception(WebSocketClosedError());
  // Nobody has to look at it: a message to a peer that has just gone is not an error of the
  // program.
  static_cast<void>(future.exception());
}

// Translates the result of a stream's future into this module's errors.
Future<void> translated(const Future<void>& flushed) {
  Future<void> result;
  result.on_cancel();
  flushed.add_done_callback([result](const Future<void>& done) {
    const bool failed = done.exception() != nullptr;
    if (result.done()) return;
    if (failed) {
      fail_as_closed(result);
    } else {
      result.set_result();
    }
  });
  return result;
}

}  // namespace

// ---- parts that exist only temporarily ----------------------------------------------------------

// Asks the peer at intervals whether it is still there.
class Connection::Pinger {
 public:
  Pinger(Connection& owner, double interval, double timeout)
      : owner_(owner),
        interval_(interval),
        timeout_(timeout > 0 && timeout < interval ? timeout : interval) {
    arm(interval_);
  }
  Pinger(const Pinger&) = delete;
  Pinger& operator=(const Pinger&) = delete;
  ~Pinger() {
    // A closed loop has no pending timer.
    if (timer_.pending()) owner_.stream_.impl().loop().remove_timeout(timer_);
  }

  // Notes that something arrived.
  void heard() noexcept { heard_ = true; }

 private:
  void arm(double seconds) {
    timer_ = owner_.stream_.impl().loop().call_later(seconds, [this] { tick(); });
  }

  void tick() {
    if (!owner_.open()) return;
    if (std::exchange(asked_, false)) {
      // While the program holds messages back, the pong may be queued after them.
      if (!heard_ && !owner_.held_) return owner_.send_close(close_code::kNormal, "ping timed out");
      if (interval_ > timeout_) return arm(interval_ - timeout_);
    }
    asked_ = true;
    heard_ = false;
    owner_.append_frame(Opcode::kPing, false, {});
    arm(timeout_);
  }

  Connection& owner_;
  const double interval_;
  const double timeout_;
  ioloop::Timeout timer_;
  bool asked_ = false;
  bool heard_ = false;
};

// A connection that neither pings nor compresses has none until it closes.
struct Connection::Parts {
  std::unique_ptr<Pinger> pinger;
  std::unique_ptr<http::Deflater> deflater;
  ioloop::Timeout close_timer;
  std::string peer_reason;
};

// ---- life ---------------------------------------------------------------------------------------

Connection::Connection(const ConnectionRules& rules)
    : reader_(rules.messages),
      deflate_(rules.deflate),
      client_(rules.client),
      compressed_(rules.compressed) {}

Connection::~Connection() = default;

void Connection::begin(iostream::IOStream stream, const ConnectionRules& rules) {
  stream_ = std::move(stream);
  eof_ = stream_.impl().at_eof();
  if (stream_.impl().blocked()) on_blocked();  // responses to earlier requests still wait
  if (rules.ping_interval > 0) {
    parts().pinger = std::make_unique<Pinger>(*this, rules.ping_interval, rules.ping_timeout);
  }
}

bool Connection::open() const noexcept {
  return !close_sent_ && !over_ && !stream_.closed() && !stream_.impl().loop().internals().closed;
}

Connection::Parts& Connection::parts() {
  if (parts_ == nullptr) parts_ = std::make_unique<Parts>();
  return *parts_;
}

const std::string& Connection::peer_reason() const noexcept {
  static const std::string none;
  return parts_ != nullptr ? parts_->peer_reason : none;
}

void Connection::close() {
  stream_.impl().close();
}

void Connection::abandon() {
  const core::Ref pin(this);
  leave_server();
  close();
  tell_end();
}

// How long the peer takes to reply is limited by the server.
void Connection::go_away() {
  if (!open()) return;
  append_frame(Opcode::kClose, false, http::close_payload(close_code::kGoingAway, {}));
  close_sent_ = true;
  go_on();
}

void Connection::on_closed() {
  const auto last = core::Ref<Connection>::adopt(this);
  leave_server();
  tell_end();
}

void Connection::run() {
  const auto pin = core::Ref<Connection>::adopt(this);
  turn_queued_ = false;
  go_on();
}

void Connection::discard() noexcept {
  const auto last = core::Ref<Connection>::adopt(this);
  turn_queued_ = false;
}

void Connection::tell_end() {
  if (std::exchange(told_, true)) return;
  if (parts_ != nullptr) {
    parts_->pinger.reset();
    // A closed loop has no pending timer.
    ioloop::Timeout& timer = parts_->close_timer;
    if (timer.pending()) stream_.impl().loop().remove_timeout(timer);
  }
  ended();
}

// ---- reading ------------------------------------------------------------------------------------

// After our close frame nothing holds back the peer's. A client reads even if the server does not:
// if both waited for each other to read, neither would go on.
bool Connection::reads() const noexcept {
  return close_sent_ || (!held_ && (client_ || stream_.impl().pending_output() <= kHighWater));
}

std::size_t Connection::on_data(std::string_view data) {
  const core::Ref pin(this);
  if (parts_ != nullptr && parts_->pinger != nullptr) parts_->pinger->heard();
  std::size_t used = 0;
  while (used < data.size() && !over_ && reads()) {
    const http::MessageResult result = reader_.next(data.substr(used), scratch());
    used += result.consumed;
    if (result.status == MessageStatus::kNeedMore && result.consumed == 0) break;
    take(result);
  }
  trim(scratch());
  if (over_ || stream_.closed()) return data.size();
  if (!reads()) {
    stream_.impl().pause_reading();
    if (!held_) queue_turn();
  } else if (eof_) {
    close();  // the rest will never be complete
  }
  return used;
}

void Connection::take(const http::MessageResult& result) {
  switch (result.status) {
    case MessageStatus::kNeedMore:
      return;
    case MessageStatus::kText:
    case MessageStatus::kBinary:
      if (!held_) message(result.payload, result.status == MessageStatus::kBinary);
      return;
    case MessageStatus::kPing:
      // Behind much output it would come too late, and a peer that only pings would fill our
      // memory.
      if (open() && stream_.impl().pending_output() <= kHighWater) {
        append_frame(Opcode::kPong, false, result.payload);
      }
      return ping(result.payload);
    case MessageStatus::kPong:
      return pong(result.payload);
    case MessageStatus::kClose:
      return take_close(result.payload);
    case MessageStatus::kBad:
      log::gen_log.info(std::string("WebSocket failed: ") + result.reason);
      return fail(result.code, result.reason);
  }
}

void Connection::take_close(std::string_view payload) {
  http::ClosePayload said;
  if (const int code = http::parse_close_payload(payload, said)) {
    log::gen_log.info("WebSocket failed: malformed close frame");
    return fail(code, {});
  }
  peer_code_ = static_cast<std::uint16_t>(said.code);
  parts().peer_reason = said.reason;
  over_ = true;
  if (!std::exchange(close_sent_, true)) {
    append_frame(Opcode::kClose, false, http::close_payload(said.code, {}));
  }
  end_stream();
}

// Fails the connection (RFC 6455 7.1.7).
void Connection::fail(int code, std::string_view reason) {
  over_ = true;
  if (!std::exchange(close_sent_, true)) {
    append_frame(Opcode::kClose, false, http::close_payload(code, reason));
  }
  stream_.impl().close_after_flush();
  arm_close_timer();
}

// Both close frames have been exchanged. The server closes first (RFC 6455 7.1.1).
void Connection::end_stream() {
  if (!client_) {
    stream_.impl().close_after_flush();
  } else if (eof_) {
    return close();
  }
  arm_close_timer();
}

void Connection::arm_close_timer() {
  if (stream_.closed()) return;
  ioloop::Timeout& timer = parts().close_timer;
  if (timer.pending()) return;
  timer = stream_.impl().loop().call_later(kCloseSeconds, [this] { close(); });
}

void Connection::on_eof() {
  eof_ = true;
  if (over_ || reads() || !stream_.impl().has_unread()) return close();
  // Messages that have arrived are still read, if the program gets to them. A client may take its
  // time for that.
  if (!client_) arm_close_timer();
}

// Continues once the stream has offered its output to the kernel: comes after it in the queue for
// the end of the round.
void Connection::queue_turn() {
  if (turn_queued_) return;
  turn_queued_ = true;
  stream_.impl().loop().internals().at_end_of_round(*core::Ref(this).detach());
}

void Connection::on_drained() {
  Upgraded::on_drained();
  go_on();
}

void Connection::pause() {
  held_ = true;
}

void Connection::resume() {
  held_ = false;
  go_on();
}

void Connection::go_on() {
  if (over_ || stream_.closed() || !reads()) return;
  if (eof_ && !stream_.impl().has_unread()) return close();
  stream_.impl().resume_reading();
}

// ---- writing ------------------------------------------------------------------------------------

Future<void> Connection::closed_future() {
  Future<void> future;
  fail_as_closed(future);
  return future;
}

bool Connection::accepts_output() {
  ioloop::detail::require_thread_with_loop();
  if (!open()) return false;
  if (stream_.impl().pending_output() <= kMaxOutput) return true;
  log::gen_log.warning("WebSocket closed: its peer does not read");
  close();
  return false;
}

Future<void> Connection::written() {
  iostream::detail::Stream& stream = stream_.impl();
  return stream.pending_output() <= kHighWater ? ready() : translated(stream.flushed());
}

void Connection::append_frame(Opcode opcode, bool compressed, std::string_view payload) {
  iostream::detail::Stream& stream = stream_.impl();
  std::string& out = stream.output();
  if (client_) {
    const http::MaskKey key = http::random_mask_key();
    http::append_frame_header(out, opcode, true, compressed, payload.size(), &key);
    return http::append_masked(out, payload, key);
  }
  http::append_frame_header(out, opcode, true, compressed, payload.size(), nullptr);
  if (payload.size() <= kCopied) {
    out.append(payload);
  } else {
    stream.send(payload);
  }
}

std::string_view Connection::compress(std::string_view payload) {
  thread_local std::string out;
  trim(out);
  out.clear();
  if (!deflate_.takeover) {
    http::shared_deflater(deflate_).compress(payload, out);
    return out;
  }
  std::unique_ptr<http::Deflater>& deflater = parts().deflater;
  if (deflater == nullptr) {
    deflater = std::make_unique<http::Deflater>(deflate_);
  } else if (deflater_stale_) {
    deflater->reset();
  }
  deflater_stale_ = false;
  deflater->compress(payload, out);
  return out;
}

Future<void> Connection::send(std::string_view payload, bool binary) {
  if (!accepts_output()) return closed_future();
  append_frame(binary ? Opcode::kBinary : Opcode::kText, compressed_,
               compressed_ ? compress(payload) : payload);
  return written();
}

Future<void> Connection::send(const PreparedMessage& message) {
  if (!accepts_output()) return closed_future();
  if (client_) return send(message.data(), message.binary());
  PreparedFrames& frames = message.frames();
  // A compressed message that is self-contained suits every receiver. Our own compressor's history
  // is then unusable.
  stream_.impl().send(compressed_ ? frames.compressed(deflate_) : frames.plain());
  deflater_stale_ = compressed_;
  return written();
}

Future<void> Connection::send_ping(std::string_view data) {
  if (!accepts_output()) return closed_future();
  append_frame(Opcode::kPing, false, data);
  return written();
}

void Connection::send_close(int code, std::string_view reason) {
  if (!open()) return;
  append_frame(Opcode::kClose, false, http::close_payload(code, reason));
  close_sent_ = true;
  arm_close_timer();
  go_on();
}

}  // namespace tornado::websocket::detail
