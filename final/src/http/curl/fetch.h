// Internal header. One fetch of the curl client, from its place in the queue to its end: its
// transfers, redirects, time limits, and the response as it is assembled.
#pragma once

#include <tornado/httpclient.h>
#include <tornado/ioloop.h>

#include <memory>
#include <optional>
#include <string>

#include "http/client/response_body.h"
#include "http/client/url.h"
#include "http/curl/transfer.h"

namespace tornado::http {

class CurlCore;

// Referenced by everything that will call it: the queue, a timer, the future's callback. Linked
// into one of the core's lists until it is over.
class CurlFetch final : public core::Counted,
                        public core::Pooled,
                        public core::ListHook,
                        private CurlTransfer::Owner {
 public:
  // The most bytes of a redirect's body that are read so that its connection can be used again. The
  // client does not wait for a longer one.
  static constexpr std::uint64_t kDrainLimit = 65536;

  CurlFetch(CurlCore& core, httpclient::Fetch fetch);

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

  // Null if there is none.
  CurlTransfer* transfer() const noexcept { return transfer_.get(); }
  // Looks at what arrived; runs outside libcurl.
  void attend();

  // Its place among the fetches that wait for attend().
  struct Attention : core::ListHook {
    explicit Attention(CurlFetch& owner) : fetch(owner) {}
    CurlFetch& fetch;
  };
  Attention attention{*this};

 private:
  enum class Phase : std::uint8_t { kNew, kQueued, kTransfer, kOver };

  ~CurlFetch() override;

  // CurlTransfer::Owner.
  void connected() override;
  void wake() override;

  void transmit(bool on_new_connection = false);
  void arm(double deadline, httpclient::TimeoutPhase phase);
  void disarm();
  void timed_out();
  double request_deadline() const;

  void look();
  bool look_at_head();
  void report_head(const httputil::ResponseStartLine& line);
  bool look_at_content();
  void hand_on(const ResponseBody::Busy& busy);
  void handed_on(const Future<void>& done);
  void produce();
  void produced(const Future<void>& done, CurlUpload& upload);
  void transfer_over();
  void finish();
  bool prepare_redirect(int code);
  void follow_redirect();
  void over();

  core::Ref<CurlCore> core_;
  std::optional<httpclient::Fetch> fetch_;                  // until it is over
  std::shared_ptr<const httpclient::HTTPRequest> request_;  // after a redirect, another one
  ClientUrl url_;                                           // of request_
  std::unique_ptr<CurlTransfer> transfer_;
  httpclient::HTTPResponse response_;
  ResponseBody body_;
  std::shared_ptr<const httpclient::HTTPRequest> redirect_;  // follows this response
  std::uint64_t drained_ = 0;                                // of a redirect's body, in bytes
  ioloop::Timeout timer_;
  double start_;          // on the loop's clock: of the queueing, then of the transfer
  double deadline_ = -1;  // the time timer_ is set to
  httpclient::TimeoutPhase timer_phase_ = httpclient::TimeoutPhase::kQueue;
  int redirects_left_;
  Phase phase_ = Phase::kNew;
  bool head_seen_ = false;
  bool busy_ = false;  // the program's callback is processing a piece of the body
};

}  // namespace tornado::http
