// Internal header. The client's side of one TCP connection (RFC 9112 9), as a state machine over
// stream events: it serves one fetch at a time, and waits in its pool between them.
#pragma once

#include <tornado/iostream.h>

#include <cstddef>
#include <exception>
#include <optional>
#include <string_view>

#include "http/client/connection_pool.h"
#include "http/client/request_body.h"
#include "http/client/response_reader.h"
#include "net/stream/stream.h"

namespace tornado::http {

class SimpleFetch;

// Why an exchange has failed, and whether it may be tried again.
struct ExchangeFailure {
  std::exception_ptr error;  // null: the server just closed
  // The connection had been used before and not a byte of the response came: the server may have
  // closed it before it saw the request. With `unsent` it cannot have seen it.
  bool stale = false;
  bool unsent = false;
};

// Frees itself when its stream has closed.
//
// A server may send more than a response's head announces: a body after HEAD, 204 or 304, bytes
// beyond Content-Length, a 408 because the connection was idle for too long. Read as the next
// response, such bytes would answer every later request with the response of the one before. The
// connection is closed, and they are dropped, if they come
//   - with a head that announces a body which its status cannot have: check_announced_body(),
//   - together with the end of the response: complete(),
//   - while the connection is idle: on_data(),
//   - before the next request takes the connection, though the loop has not read them: quiet().
// So is a connection whose response came before all of the request was sent.
//
// Bytes that arrive after the next request has been sent cannot be told from its response, nor can
// a TLS record that had arrived in part before. To be safe from a server that sends such bytes, for
// example behind a proxy that others use as well, turn ClientOptions::keep_alive off.
class ClientConnection final : public iostream::detail::StreamObserver,
                               public core::Runnable,
                               public core::Pooled {
 public:
  // How long a body is held for a "100 Continue" that may never come: servers older than HTTP/1.1
  // do not know it (RFC 9110 10.1.1).
  static constexpr double kContinueSeconds = 1.0;

  ClientConnection(ConnectionPool& pool, Origin& origin, iostream::IOStream stream);

  // Sends the fetch's request and reads its response; tells the fetch of each step. The connection
  // is idle.
  void start(SimpleFetch& fetch, const ResponseLimits& limits, bool keep_alive);
  // The fetch has done with what it was given last: goes on reading.
  void resume();
  // The fetch wants no more of this exchange. Tells it nothing.
  void abort();

  // Closes the stream and leaves the pool; an exchange must be over.
  void close();
  // Whether the server has neither closed the idle connection nor sent anything since, as far as
  // the kernel knows. Costs a system call.
  bool quiet() const;
  PoolPlace& place() noexcept { return place_; }

  // StreamObserver.
  std::size_t on_data(std::string_view data) override;
  void on_eof() override;
  void on_closed() override;
  void on_drained() override {}

  // Frees the object: the loop does it when none of its calls is on the stack any more.
  void run() override { delete this; }
  void discard() noexcept override { delete this; }

 private:
  ~ClientConnection() override;

  void send_body();
  void run_producer();
  void producer_done(const Future<void>& done);
  void stop_waiting_to_continue();
  bool step(std::string_view data, std::size_t& used);
  void complete(bool all_used);
  void fail(std::exception_ptr error);
  void input_ended();
  core::Ref<SimpleFetch> end_exchange();
  bool busy() const noexcept { return static_cast<bool>(fetch_); }

  ConnectionPool* pool_;  // null once the connection is closed
  Origin& origin_;
  iostream::IOStream stream_;
  PoolPlace place_{*this};
  core::Ref<SimpleFetch> fetch_;
  std::optional<ResponseReader> reader_;
  core::Ref<RequestBody> body_;  // of a producer
  BodyFraming framing_;
  ioloop::Timeout continue_timer_;
  std::size_t request_size_ = 0;
  bool keep_alive_ = false;
  bool used_before_ = false;
  bool received_ = false;      // a byte of the response
  bool request_sent_ = false;  // all of it is with the stream
  bool held_ = false;          // the fetch has not done with what it was given last
  bool unread_ = false;        // on_data() left bytes behind
  bool eof_ = false;
};

}  // namespace tornado::http
