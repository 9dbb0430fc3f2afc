// Internal header. One fetch of the simple client, from its place in the queue to its end: its
// attempts and redirects, its time limits, and the response as it is assembled.
#pragma once

#include <tornado/httpclient.h>
#include <tornado/iostream.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/client/response_body.h"
#include "http/client/url.h"
#include "http/message/head_parser.h"
#include "net/tcp/connect.h"

namespace tornado::http {

class ClientConnection;
class SimpleCore;
struct ExchangeFailure;

// Referenced by everything that will call it: the queue, a timer, a connection, the future's
// callback. Linked into one of the core's lists until it is over.
class SimpleFetch final : public core::Counted, public core::Pooled, public core::ListHook {
 public:
  // The most bytes of a redirect's body that are read so that its connection can be used again. The
  // client does not wait for a longer one.
  static constexpr std::uint64_t kDrainLimit = 65536;

  SimpleFetch(SimpleCore& core, httpclient::Fetch fetch);

  // Throws std::invalid_argument if the request cannot be sent.
  void check();
  // Starts measuring the time in the queue.
  void wait();
  // Leaves the queue and sends the request.
  void begin();
  // Ends the fetch with an error.
  void fail(std::exception_ptr error);
  // Ends the fetch without reporting anything: nobody is waiting any more.
  void abandon();

  const httpclient::HTTPRequest& request() const noexcept { return *request_; }
  const ClientUrl& url() const noexcept { return url_; }

  // ---- called by the connection, which passes exceptions, all of them the program's, to fail()
  // Takes the contents of the head.
  void head_received(ResponseHead& head, std::optional<std::uint64_t> content_length);
  // Takes a piece of the body. Returns false to pause until the connection's resume().
  bool content_received(std::string_view content);
  void response_complete();
  void exchange_failed(const ExchangeFailure& failure);

 private:
  enum class Phase : std::uint8_t { kNew, kQueued, kConnecting, kExchange, kOver };

  ~SimpleFetch() override;

  void attempt(bool on_new_connection);
  void send(bool on_new_connection);
  void connect();
  void connected(const Future<iostream::IOStream>& connecting);
  void use(ClientConnection& connection);
  void drop_connection();
  void arm(double deadline, httpclient::TimeoutPhase phase);
  void timed_out();
  void disarm();
  double request_deadline() const;

  bool prepare_redirect(int code);
  void follow_redirect();
  void report_head(const httputil::ResponseStartLine& line);
  bool busy(const ResponseBody::Busy& program);
  void delivered(const Future<void>& done);
  void over();

  core::Ref<SimpleCore> core_;
  std::optional<httpclient::Fetch> fetch_;                  // until it is over
  std::shared_ptr<const httpclient::HTTPRequest> request_;  // after a redirect, another one
  ClientUrl url_;                                           // of request_
  httpclient::HTTPResponse response_;
  ResponseBody body_;                                        // of response_
  std::shared_ptr<const httpclient::HTTPRequest> redirect_;  // follows this response
  ClientConnection* connection_ = nullptr;
  std::optional<Future<iostream::IOStream>> connecting_;
  std::shared_ptr<tcpclient::ConnectMoments> moments_;  // of connecting_
  ioloop::Timeout timer_;
  double start_;          // on the loop's clock: of the queueing, then of the transfer
  double deadline_ = -1;  // the time timer_ is set to
  httpclient::TimeoutPhase timer_phase_ = httpclient::TimeoutPhase::kQueue;
  std::uint64_t drained_ = 0;  // of a redirect's body, in bytes
  int redirects_left_;
  Phase phase_ = Phase::kNew;
  bool retried_ = false;
};

}  // namespace tornado::http
