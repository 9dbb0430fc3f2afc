// Internal header. One fetch, from its place in the queue to its end: its redirects, its time
// limits, and the response as it is assembled. Base of the simple and of the curl client's fetch,
// which send the request.
#pragma once

#include <tornado/httpclient.h>
#include <tornado/ioloop.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "http/client/client_core.h"
#include "http/client/response_body.h"
#include "http/client/url.h"
#include "http/message/head_parser.h"

namespace tornado::http {

// Referenced by everything that will call it: the queue, a timer, a connection, the future's
// callback. Linked into one of the core's lists until it is over.
class ClientFetch : public core::Counted, public core::Pooled, public core::ListHook {
 public:
  // The most bytes of a redirect's body that are read so that its connection can be used again. The
  // client does not wait for a longer one.
  static constexpr std::uint64_t kDrainLimit = 65536;

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

  // After a redirect, the one that follows it.
  const httpclient::HTTPRequest& request() const noexcept { return *request_; }
  const ClientUrl& url() const noexcept { return url_; }

 protected:
  ClientFetch(ClientCore& core, httpclient::Fetch fetch);
  ~ClientFetch() override;

  // ---- what each client does in its own way
  // Throws std::invalid_argument if this client cannot send the request.
  virtual void check_request() = 0;
  // Sends request(). An exception ends the fetch.
  virtual void send(bool on_new_connection) = 0;
  // Abandons the exchange in progress, if any, without calling back.
  virtual void drop_exchange() = 0;
  // Continues the exchange: the program is ready for more of the body.
  virtual void resume() = 0;

  // ---- what they report
  // Calls send().
  void attempt(bool on_new_connection);
  void arm_connect_timeout();
  void arm_request_timeout();
  // Takes the contents of the head. `content_length`: of the body that follows, 0 if none does. May
  // follow a redirect or end the fetch, like the next three.
  void take_head(ResponseHead& head, std::optional<std::uint64_t> content_length);
  // Takes a piece of the body. Returns false to pause until resume().
  bool take_content(std::string_view content);
  void exchange_complete();
  // Sends another request in place of the one that the response answers.
  void follow(std::shared_ptr<const httpclient::HTTPRequest> next);

  ClientCore& core() const noexcept { return *core_; }
  bool is_over() const noexcept { return phase_ == Phase::kOver; }
  std::shared_ptr<const httpclient::HTTPRequest> shared_request() const { return request_; }
  httpclient::TimeInfo& times() noexcept { return response_.time_info; }
  // When the fetch began, on the loop's clock.
  double start() const noexcept { return start_; }
  httpclient::TimeoutPhase timeout_phase() const noexcept { return timer_phase_; }

 private:
  enum class Phase : std::uint8_t { kNew, kQueued, kRunning, kOver };

  void arm(double deadline, httpclient::TimeoutPhase phase);
  void disarm();
  void timed_out();
  double request_deadline() const;
  bool prepare_redirect(int code);
  void report_head(const httputil::ResponseStartLine& line);
  bool busy(const ResponseBody::Busy& program);
  void delivered(const Future<void>& done);
  void over();

  core::Ref<ClientCore> core_;
  std::optional<httpclient::Fetch> fetch_;                  // until it is over
  std::shared_ptr<const httpclient::HTTPRequest> request_;  // after a redirect, another one
  ClientUrl url_;                                           // of request_
  httpclient::HTTPResponse response_;
  ResponseBody body_;                                        // of response_
  std::shared_ptr<const httpclient::HTTPRequest> redirect_;  // follows this response
  ioloop::Timeout timer_;
  double start_;          // on the loop's clock: of the queueing, then of the transfer
  double deadline_ = -1;  // the time timer_ is set to
  httpclient::TimeoutPhase timer_phase_ = httpclient::TimeoutPhase::kQueue;
  std::uint64_t drained_ = 0;  // of a redirect's body, in bytes
  int redirects_left_;
  Phase phase_ = Phase::kNew;
};

}  // namespace tornado::http
