// Internal header. One request and its response on a libcurl handle of its own.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/client/response_reader.h"
#include "http/client/url.h"
#include "http/curl/handle.h"
#include "http/curl/multi.h"
#include "http/curl/upload.h"
#include "http/message/head_parser.h"

namespace tornado::http {

// libcurl's callbacks only collect, here, what came, and wake the owner. The owner looks when
// libcurl has returned; so no code of the program runs within libcurl, and all of it may begin and
// end transfers.
class CurlTransfer {
 public:
  // Bytes of the response that wait for the owner before libcurl has to.
  static constexpr std::size_t kHighWater = 65536;

  class Owner {
   public:
    // The connection is there, TLS and a proxy's tunnel included. Called within libcurl.
    virtual void connected() = 0;
    // There is something to look at. Called within libcurl.
    virtual void wake() = 0;

   protected:
    ~Owner() = default;
  };

  // Throws CurlError. The request is kept. `options` and `connect_to` must live as long as this.
  CurlTransfer(Owner& owner, std::shared_ptr<const httpclient::HTTPRequest> request,
               const ClientUrl& url, const httpclient::ClientOptions& options,
               const ResponseLimits& limits, curl_slist* connect_to);
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;
  // Ends it, if it has not ended.
  ~CurlTransfer();

  CURL* easy() const noexcept { return easy_.get(); }
  // Hands it to libcurl. What must hold is set here, behind whatever the program has set.
  void start(CurlMulti& multi);

  // ---- what has come
  // Why this transfer is not wanted any more: a limit, a head that is none.
  std::exception_ptr refusal() const noexcept { return refusal_; }
  // Whether the head is there, and is the one the program is meant to see.
  bool head_complete() const noexcept { return head_state_ == HeadState::kFinal; }
  // Valid if head_complete(). Needed no more: take it apart.
  ResponseHead& head() noexcept { return head_; }
  // The server has sent something into the idle connection that libcurl was about to use again:
  // nothing was sent, and another transfer has to begin on a new connection.
  bool spoilt() const noexcept { return spoilt_; }
  // The server does not know "Expect: 100-continue". libcurl would ask again, with the same field,
  // for ever; it is kept from it, and the response's body is not to be had.
  bool expectation_failed() const noexcept { return expectation_failed_; }
  // A piece of the body; empty if none waits. Lets libcurl go on.
  std::string take_content();
  // The body is wanted from the program; once.
  bool body_begun() const noexcept { return body_asked_for_; }
  bool take_body_wanted() noexcept { return std::exchange(body_wanted_, false); }
  const core::Ref<CurlUpload>& upload() const noexcept { return upload_; }
  // libcurl's verdict, once there is one and the content was taken.
  std::optional<CURLcode> result() const noexcept { return result_; }
  // For a `result` other than CURLE_OK: the libcurl's words.
  std::string error_text() const;
  // Seconds from start() to each moment.
  httpclient::TimeInfo times() const;

  // ---- the others tell
  void ended(CURLcode result);
  // `upload` has more, or its end.
  void body_written();

 private:
  enum class HeadState : std::uint8_t {
    kReading,
    kComplete,  // libcurl may ask again, and another head follows
    kFinal,     // this one is for the program
  };

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_write(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_read(char* to, std::size_t size, std::size_t count, void* self);
  static int on_connected(void* self, char* remote_ip, char* local_ip, int remote_port,
                          int local_port);

  void header_line(std::string_view line);
  void trailer_line(std::string_view line);
  void parse_head();
  void head_parsed();
  std::size_t content(std::string_view piece);
  std::size_t body(char* to, std::size_t size);
  bool may_send() noexcept;
  bool is_first_on_used_connection() const noexcept;
  void refuse(std::exception_ptr why);
  void apply_pauses();

  Owner& owner_;
  const std::shared_ptr<const httpclient::HTTPRequest> request_;
  const ResponseLimits limits_;
  CurlLines headers_;
  char error_buffer_[CURL_ERROR_SIZE] = "";
  CurlMulti* multi_ = nullptr;  // once it was started
  CurlEasy easy_;

  std::string head_text_;
  ResponseHead head_;
  HeadState head_state_ = HeadState::kReading;
  std::size_t head_bytes_ = 0;  // of this head, and of the informational ones before it
  std::size_t trailer_bytes_ = 0;
  int informational_ = 0;
  bool expectation_failed_ = false;
  bool spoilt_ = false;
  bool sent_ = false;   // the request went, or was about to
  bool heard_ = false;  // and since then some of an answer came

  std::string incoming_;
  std::uint64_t received_ = 0;  // bytes of the body
  bool receiving_paused_ = false;
  core::Ref<CurlUpload> upload_;
  bool sending_paused_ = false;
  bool body_wanted_ = false;
  bool body_asked_for_ = false;

  std::exception_ptr refusal_;
  std::optional<CURLcode> result_;
};

}  // namespace tornado::http
