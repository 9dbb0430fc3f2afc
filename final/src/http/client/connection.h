// Internal header. The client's side of one TCP connection (RFC 9112 9), as a state machine over
// stream events: it serves one fetch at a time, and waits in its pool between them.
#pragma once

#include <tornado/iostream.h>

#include <cstddef>
#include <exception>
#include <optional>
#include <string_view>

#include "http/client/client_core.h"
#include "http/client/connection_pool.h"
#include "http/client/request_body.h"
#include "http/client/response_reader.h"
#include "net/stream/stream.h"

namespace tornado::http {

class SimpleFetch;

// Why an exchange failed, and whether it may be retried.
struct ExchangeFailure {
  std::exception_ptr error;  // null: the server simply closed
  // The connection had been used before, and not one byte of the response arrived: the server may
  // have closed it before it saw the request. With `unsent` it cannot have seen the request.
  bool stale = false;
  bool unsent = false;
};

// Deletes itself after its stream has closed.
// A server may send more than a response's head announces: a body after HEAD, 204 or 304, bytes
// beyond Content-Length, a 408 because the connection was idle for too long. If such bytes were
// read as the next response, every later request would receive the response to the one before.
// Therefore the connection is closed, and the bytes are dropped, if they arrive
//   - with a head that announces a body which its status cannot have: check_announced_body(),
//   - together with the end of the response: complete(),
//   - while the connection is idle: on_data(),
//   - before the next request takes the connection, even if the loop has not read them: quiet().
// A connection whose response came before the whole request was sent is closed too.
//
// Bytes that arrive after the next request was sent cannot be distinguished from its response; nor
// can a TLS record that had partly arrived before. If a server might send such bytes, for example
// behind a proxy that others share, turn ClientOptions::keep_alive off.
class ClientConnection final : public iostream::detail::StreamObserver,
                               public core::OwnedRunnable,
                               public core::Pooled {
 public:
  // How long a body waits for a "100 Continue" that may never come: servers older than HTTP/1.1 do
  // not know it (RFC 9110 10.1.1).
  static constexpr double kContinueSeconds = 1.0;

  ClientConnection(ConnectionPool& pool, Origin& origin, iostream::IOStream stream);

  // Sends the fetch's request and reads its response; reports each step to the fetch. The
  // connection must be idle.
  void start(SimpleFetch& fetch, const ResponseLimits& limits, bool keep_alive);
  // Continues reading: the fetch has finished with the last piece it was given.
  void resume();
  // Abandons this exchange for the fetch, without calling the fetch back.
  void abort();

  // Closes the stream and leaves the pool. No exchange may be in progress.
  void close();
  bool quiet() const { return is_quiet(stream_.fileno()); }
  PoolPlace& place() noexcept { return place_; }

  // StreamObserver.
  std::size_t on_data(std::string_view data) override;
  void on_eof() override;
  void on_closed() override;
  void on_drained() override {}

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
  core::Ref<RequestBody> body_;  // if a producer writes it
  BodyFraming framing_;
  ioloop::Timeout continue_timer_;
  std::size_t request_size_ = 0;
  bool keep_alive_ = false;
  bool used_before_ = false;
  bool received_ = false;      // a byte of the response has arrived
  bool request_sent_ = false;  // the stream has all of it
  bool held_ = false;          // the fetch has not finished with the last piece
  bool unread_ = false;        // on_data() left bytes unread
  bool eof_ = false;
};

}  // namespace tornado::http
