#include "http/server/exchange.h"

#include <tornado/iostream.h>
#include <tornado/log.h>

#include "http/message/framing.h"
#include "http/server/connection.h"
#include "loop/loop_state.h"
#include "loop/settled.h"

namespace tornado::http {
namespace {

using ResponseFraming = Exchange::ResponseFraming;

// They would begin a header line chosen by the caller's data, or end the head.
constexpr std::string_view kForbiddenInReason("\r\n\0", 3);

// Names are stored in one case, so that plain comparisons serve.
void read_response_field(std::string_view name, std::string_view value, ResponseFraming& framing) {
  if (name == "Connection") {
    framing.has_connection = true;
    framing.close = framing.close || list_contains(value, "close");
  } else if (name == "Content-Length") {
    if (framing.content_length) throw httputil::HTTPOutputError("Content-Length is set twice");
    framing.content_length = parse_content_length(value);
    if (framing.content_length) return;
    throw httputil::HTTPOutputError("Content-Length is not a number");
  } else if (name == "Transfer-Encoding") {
    framing.has_transfer_encoding = true;
  }
}

ResponseFraming read_response_framing(const httputil::HTTPHeaders& headers) {
  ResponseFraming framing;
  for (const auto [name, value] : headers) read_response_field(name, value, framing);
  if (framing.content_length && framing.has_transfer_encoding) {
    throw httputil::HTTPOutputError("both Content-Length and Transfer-Encoding");
  }
  return framing;
}

void append_status_line(std::string& out, const httputil::ResponseStartLine& line) {
  if (line.code == 200 && line.reason == "OK") {
    out.append("HTTP/1.1 200 OK\r\n");
    return;
  }
  out.append("HTTP/1.1 ").append(std::to_string(line.code)).append(" ");
  out.append(line.reason.empty() ? httputil::responses(line.code) : std::string_view(line.reason));
  out.append("\r\n");
}

// Writing to a client that has gone is not an error of the program.
Future<void> closed() {
  return core::failed_quietly(iostream::StreamClosedError());
}

}  // namespace

Exchange::Exchange(ServerConnection& connection, const RequestHead& head, bool keep_alive)
    : max_body_size(connection.core_->options.max_body_size),
      body_timeout(connection.core_->options.body_timeout),
      expect_continue(head.expect_continue),
      connection_(&connection),
      request_is_head_(head.start_line.method == "HEAD"),
      request_is_1_1_(head.start_line.version == "HTTP/1.1"),
      keep_alive_(keep_alive) {
  if (head.content_length) body_left = *head.content_length;
  if (head.chunked) chunked_body.emplace(ChunkedLimits{.max_body_size = max_body_size});
  context_.remote_ip = connection.remote_ip_;
  if (!connection.core_->options.protocol.empty()) {
    context_.protocol = connection.core_->options.protocol;
  }
}

std::optional<ssl::Certificate> Exchange::get_ssl_certificate() const {
  if (connection_ == nullptr || !iostream::SSLIOStream::is_tls(connection_->stream_)) {
    return std::nullopt;
  }
  return iostream::SSLIOStream(connection_->stream_).peer_certificate();
}

void Exchange::set_max_body_size(std::uint64_t size) {
  max_body_size = size;
  if (chunked_body) chunked_body->set_max_body_size(size);
}

// Frees room for these bytes by dropping the bodies begun first: a client that has sent a lot and
// then continues slowly must not keep out all others.
void Exchange::count_buffered(std::size_t bytes) {
  // A complete body was counted when it arrived. A callback may hand it on to an application.
  if (connection_ == nullptr || gives_way || message_complete) return;
  if (buffered_ == nullptr) {
    buffered_ = connection_->core_->buffered;
    link_before(buffered_->unfinished);
  }
  buffered_bytes_ += bytes;
  buffered_->total += bytes;
  while (buffered_->total > buffered_->limit && buffered_->unfinished.linked()) {
    auto& oldest = static_cast<Exchange&>(*buffered_->unfinished.next());
    if (&oldest == this) throw Overloaded();
    oldest.give_way();
  }
}

void Exchange::give_way() {
  gives_way = true;
  forget_buffered();
  connection_->queue_turn();  // the program may be inside one of the connection's calls
}

void Exchange::forget_buffered() noexcept {
  unlink();
  if (buffered_ != nullptr) buffered_->total -= std::exchange(buffered_bytes_, 0);
  buffered_.reset();
}

// False when the loop is closed, too: nothing would leave any more, and the attempt would end the
// connection inside the call.
bool Exchange::can_send() const {
  return connection_ != nullptr && !connection_->stream_.impl().loop().internals().closed;
}

concurrent::Sent Exchange::write_headers(const httputil::ResponseStartLine& start_line,
                                         const httputil::HTTPHeaders& headers,
                                         std::string_view chunk) {
  if (!can_send()) return closed();
  ioloop::detail::require_thread_with_loop();
  if (headers_written_) throw std::logic_error("write_headers() called twice");
  if (start_line.reason.find_first_of(kForbiddenInReason) != std::string::npos) {
    throw httputil::HTTPOutputError("Illegal character in the reason");
  }
  const ResponseFraming framing = read_response_framing(headers);
  if (connection_->is_last_response()) keep_alive_ = false;
  decide_coding(start_line.code, framing);
  check_length(chunk.size());
  headers_written_ = true;

  // [write_headers]
  std::string& out = connection_->stream_.impl().output();
  append_status_line(out, start_line);
  out.append(headers.wire());
  if (coding_ == Coding::kChunked) out.append("Transfer-Encoding: chunked\r\n");
  if (!framing.has_connection && keep_alive_ != request_is_1_1_) {
    out.append(keep_alive_ ? "Connection: Keep-Alive\r\n" : "Connection: close\r\n");
  }
  out.append("\r\n");
  if (!chunk.empty()) append_body(chunk);
  return written();
  // [/write_headers]
}

void Exchange::decide_coding(int code, const ResponseFraming& framing) {
  if (framing.close) keep_alive_ = false;
  length_left_ = framing.content_length.value_or(0);
  if (request_is_head_ || has_no_body(code)) {
    coding_ = Coding::kNone;
  } else if (framing.content_length) {
    coding_ = Coding::kLength;
  } else if (framing.has_transfer_encoding || !request_is_1_1_) {
    // The program does its own coding, or the client does not know chunked. In the second case only
    // the end of the connection ends the body, so the connection must close.
    coding_ = Coding::kUntilClose;
    if (!framing.has_transfer_encoding) keep_alive_ = false;
  } else {
    coding_ = Coding::kChunked;
  }
}

void Exchange::check_length(std::uint64_t size) {
  if (coding_ != Coding::kLength || size <= length_left_) return;
  connection_->close();
  throw httputil::HTTPOutputError("Tried to write more data than Content-Length");
}

void Exchange::check_state() const {
  if (!headers_written_) throw std::logic_error("write() called before write_headers()");
  if (finished_) throw std::logic_error("write() called after finish()");
}

concurrent::Sent Exchange::write(std::string_view chunk) {
  if (!can_send()) return closed();
  ioloop::detail::require_thread_with_loop();
  check_state();
  if (chunk.empty()) return written();
  check_length(chunk.size());
  append_body(chunk);
  return written();
}

concurrent::Sent Exchange::write_file(const core::FileRange& range) {
  if (!can_send()) return closed();
  check_state();
  if (range.length == 0) return written();
  check_length(range.length);
  append_file(range);
  return written();
}

void Exchange::append_file(const core::FileRange& range) {
  if (coding_ == Coding::kNone) return;
  iostream::detail::Stream& stream = connection_->stream_.impl();
  if (coding_ == Coding::kLength) length_left_ -= range.length;
  if (coding_ == Coding::kChunked) append_chunk_size(stream.output(), range.length);
  stream.send_file(range);
  if (coding_ == Coding::kChunked) stream.send("\r\n");
}

void Exchange::append_body(std::string_view chunk) {
  std::string& out = connection_->stream_.impl().output();
  switch (coding_) {
    case Coding::kNone:
      return;  // a HEAD response has a length and no body
    case Coding::kChunked:
      append_chunk(out, chunk);
      return;
    case Coding::kLength:
      length_left_ -= chunk.size();
      out.append(chunk);
      return;
    case Coding::kUntilClose:
      out.append(chunk);
      return;
  }
}

// [written]
Future<void> Exchange::written() {
  iostream::detail::Stream& stream = connection_->stream_.impl();
  return stream.pending_output() <= kHighWater ? core::completed() : stream.flushed();
}
// [/written]

void Exchange::finish() {
  if (finished_) throw std::logic_error("finish() called twice");
  finished_ = true;
  if (!can_send()) return;
  if (!headers_written_) {
    // All that the client can be told is that nothing more comes.
    keep_alive_ = false;
    connection_->exchange_finished();
    throw httputil::HTTPOutputError("finish() called before write_headers()");
  }
  if (coding_ == Coding::kLength && length_left_ != 0) {
    // The end of the connection tells the client that the body is not whole.
    keep_alive_ = false;
    connection_->exchange_finished();
    throw httputil::HTTPOutputError("Tried to write " + std::to_string(length_left_) +
                                    " bytes less than Content-Length");
  }
  if (coding_ == Coding::kChunked) connection_->stream_.impl().output().append(kLastChunk);
  connection_->exchange_finished();
}

iostream::IOStream Exchange::release_stream() {
  if (connection_ == nullptr) throw iostream::StreamClosedError();
  finished_ = true;
  return connection_->release_stream();
}

iostream::IOStream Exchange::upgrade(Upgraded& next) {
  finished_ = true;
  return connection_->hand_over(next);
}

void Exchange::cut_off() {
  if (connection_ != nullptr) connection_->close();
}

void Exchange::detach() {
  connection_ = nullptr;
  end_body();
}

void Exchange::end_body() {
  unlink();
  body_deadline.reset();
  own_deadlines.reset();
}

void Exchange::refuse_rest() {
  end_body();
  keep_alive_ = false;
}

void Exchange::report_close() {
  report(close_reported_, &httputil::HTTPMessageDelegate::on_connection_close);
}

void Exchange::report_shutdown() {
  report(shutdown_reported_, &httputil::HTTPMessageDelegate::on_shutdown);
}

void Exchange::report(bool& reported, void (httputil::HTTPMessageDelegate::*call)()) {
  // No delegate: start_request() threw.
  if (delegate == nullptr || std::exchange(reported, true)) return;
  try {
    (*delegate.*call)();
  } catch (...) {
    core::report_callback_exception();
  }
}

bool Exchange::shutting_down() const noexcept {
  return connection_ != nullptr && connection_->core_->shutting_down();
}

}  // namespace tornado::http
