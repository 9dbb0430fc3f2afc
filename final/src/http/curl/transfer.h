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

// libcurl's callbacks only collect data here and wake the owner. The owner looks at it after
// libcurl has returned. So no code of the program runs within libcurl, and the program may begin
// and end transfers at any time.
class CurlTransfer {
 public:
  // Bytes of the response that may wait for the owner before libcurl is paused.
  static constexpr std::size_t kHighWater = 65536;

  class Owner {
   public:
    // The connection is ready, including TLS and a proxy's tunnel. Called within libcurl.
    virtual void connected() = 0;
    // Something is ready to be looked at. Called within libcurl.
    virtual void wake() = 0;

   protected:
    ~Owner() = default;
  };

  // Throws CurlError. Keeps the request. `options` and `connect_to` must outlive this object.
  CurlTransfer(Owner& owner, std::shared_ptr<const httpclient::HTTPRequest> request,
               const ClientUrl& url, const httpclient::ClientOptions& options,
               const ResponseLimits& limits, curl_slist* connect_to);
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;
  // Ends the transfer if it has not ended.
  ~CurlTransfer();

  CURL* easy() const noexcept { return easy_.get(); }
  // Hands the transfer to libcurl. Sets the options that must hold, after those of the program.
  void start(CurlMulti& multi);

  // ---- what has arrived
  // Why this transfer is abandoned: a limit, or a malformed head.
  std::exception_ptr refusal() const noexcept { return refusal_; }
  // Whether the head is complete, and is the one meant for the program.
  bool head_complete() const noexcept { return head_state_ == HeadState::kFinal; }
  // Valid if head_complete(). The caller may move from it.
  ResponseHead& head() noexcept { return head_; }
  // The server sent something on the idle connection that libcurl was about to reuse. Nothing was
  // sent, and another transfer has to begin on a new connection.
  bool spoilt() const noexcept { return spoilt_; }
  // The server does not know "Expect: 100-continue". libcurl would repeat the request for ever,
  // with the same field. It is prevented from doing so, and the response's body is not available.
  bool expectation_failed() const noexcept { return expectation_failed_; }
  // Returns a piece of the body; empty if none waits. Resumes libcurl.
  std::string take_content();
  // Whether the program has to write the body: body_begun() from then on, take_body_wanted() once.
  bool body_begun() const noexcept { return body_asked_for_; }
  bool take_body_wanted() noexcept { return std::exchange(body_wanted_, false); }
  const core::Ref<CurlUpload>& upload() const noexcept { return upload_; }
  // libcurl's result, once there is one and the content was taken.
  std::optional<CURLcode> result() const noexcept { return result_; }
  // For a `result` other than CURLE_OK: libcurl's message.
  std::string error_text() const;
  // Seconds from start() to each moment.
  httpclient::TimeInfo times() const;

  // ---- called by the others
  void ended(CURLcode result);
  // `upload` has more data, or has ended.
  void body_written();

 private:
  enum class HeadState : std::uint8_t {
    kReading,
    kComplete,  // libcurl may send another request, and another head follows
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
  CurlMulti* multi_ = nullptr;  // null until it is started
  CurlEasy easy_;

  std::string head_text_;
  ResponseHead head_;
  HeadState head_state_ = HeadState::kReading;
  std::size_t head_bytes_ = 0;  // of this head and of the informational ones before it
  std::size_t trailer_bytes_ = 0;
  int informational_ = 0;
  bool expectation_failed_ = false;
  bool spoilt_ = false;
  bool sent_ = false;   // the request was sent, or was about to be
  bool heard_ = false;  // since then, part of a response has arrived

  std::string incoming_;
  std::uint64_t received_ = 0;  // of the body, in bytes
  bool receiving_paused_ = false;
  core::Ref<CurlUpload> upload_;
  bool sending_paused_ = false;
  bool body_wanted_ = false;
  bool body_asked_for_ = false;

  std::exception_ptr refusal_;
  std::optional<CURLcode> result_;
};

}  // namespace tornado::http
