// Internal header. One request and its response: the object behind request.connection.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/httputil.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>

#include "http/message/chunked.h"
#include "http/message/head_parser.h"
#include "http/server/deadline_list.h"
#include "http/server/limits.h"

namespace tornado::iostream {
class IOStream;
}

namespace tornado::http {

class ServerConnection;
class Upgraded;

// Above this many bytes of pending output, the future of a write waits until they have left; so
// does the connection's next request.
inline constexpr std::size_t kHighWater = 65536;

// Lives while the connection or the program holds it. detach() cuts it off from the connection:
// from then on every write fails.
class Exchange final : public httputil::HTTPConnection, public core::ListHook {
 public:
  Exchange(ServerConnection& connection, const RequestHead& head, bool keep_alive);
  ~Exchange() override { forget_buffered(); }

  // HTTPConnection.
  concurrent::Sent write_headers(const httputil::ResponseStartLine& start_line,
                                 const httputil::HTTPHeaders& headers,
                                 std::string_view chunk) override;
  concurrent::Sent write(std::string_view chunk) override;
  concurrent::Sent write_file(const core::FileRange& range) override;
  void finish() override;
  httputil::HTTPRequestContext& context() override { return context_; }
  std::optional<ssl::Certificate> get_ssl_certificate() const override;
  void set_max_body_size(std::uint64_t size) override;
  void set_body_timeout(core::Seconds seconds) override { body_timeout = seconds; }
  void count_buffered(std::size_t bytes) override;
  bool shutting_down() const noexcept override;

  bool headers_written() const noexcept { return headers_written_; }
  bool finished() const noexcept { return finished_; }
  bool keep_alive() const noexcept { return keep_alive_; }

  // The fields of a response that concern its body and the connection.
  struct ResponseFraming {
    std::optional<std::uint64_t> content_length;
    bool has_transfer_encoding = false;
    bool has_connection = false;
    bool close = false;
  };

  bool attached() const noexcept { return connection_ != nullptr; }
  // Whether the request's whole body has been read.
  bool body_read() const noexcept { return body_left == 0 && !chunked_body; }

  // Closes the connection at once, if it is still at this exchange.
  void cut_off();
  // Gives the connection's stream away: no more HTTP on it. Pending output leaves first; unread
  // bytes remain to be read. Throws StreamClosedError. Tornado: HTTP1Connection.detach.
  iostream::IOStream release_stream();
  // The same for a protocol that stays with the server: from now on the bytes go to `next`. The
  // response, a 101, must have been written, and attached() must be true.
  iostream::IOStream upgrade(Upgraded& next);
  // Cuts the exchange off: the connection has moved on or is gone, and must not be touched again.
  void detach();
  // No more of the body is read: its timeouts end, and it is not dropped in favour of others.
  void end_body();
  // The rest of the request will not be read: its timeouts end, and the connection closes after the
  // response.
  void refuse_rest();
  // Tell the delegate, once, that the client has gone, or that the server shuts down.
  void report_close();
  void report_shutdown();

  // The body of the request, as it is read.
  std::uint64_t body_left = 0;  // of a Content-Length
  std::uint64_t max_body_size;
  double body_timeout;  // seconds; 0: none
  std::optional<ChunkedDecoder> chunked_body;
  bool expect_continue = false;
  bool body_begun = false;
  bool message_complete = false;                // the delegate's finish() was called
  bool gives_way = false;                       // its buffered bytes are needed for others
  double rate_begun = 0;                        // when measuring of its rate began
  std::uint64_t rate_bytes = 0;                 // bytes received since then
  std::unique_ptr<DeadlineList> own_deadlines;  // for a body_timeout other than the server's
  std::unique_ptr<Deadline> body_deadline;
  std::unique_ptr<httputil::HTTPMessageDelegate> delegate;

 private:
  // How the end of the response's body is marked (RFC 9112 6.3).
  enum class Coding : std::uint8_t { kNone, kLength, kChunked, kUntilClose };

  void decide_coding(int code, const ResponseFraming& framing);
  void append_body(std::string_view chunk);
  void append_file(const core::FileRange& range);
  void give_way();
  void forget_buffered() noexcept;
  void report(bool& reported, void (httputil::HTTPMessageDelegate::*call)());
  bool can_send() const;
  void check_state() const;
  void check_length(std::uint64_t size);
  Future<void> written();

  ServerConnection* connection_;
  std::shared_ptr<BufferedBodies> buffered_;  // null until there is one to count
  std::uint64_t buffered_bytes_ = 0;
  httputil::HTTPRequestContext context_;
  std::uint64_t length_left_ = 0;
  Coding coding_ = Coding::kNone;
  bool request_is_head_;
  bool request_is_1_1_;
  bool keep_alive_;
  bool headers_written_ = false;
  bool finished_ = false;
  bool close_reported_ = false;
  bool shutdown_reported_ = false;
};

}  // namespace tornado::http
