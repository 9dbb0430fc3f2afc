// Internal header. One request being handled by an application: its thread produces, the loop
// sends.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/httputil.h>
#include <tornado/wsgi.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "loop/mailbox.h"

namespace tornado::wsgi {

// Adds Server, and the Date that an origin server must send (RFC 9110 6.6.1), unless present.
void add_server_headers(httputil::HTTPHeaders& headers);

// Created on the loop's thread; shared by that thread and the application's.
class Call final : public Responder, public std::enable_shared_from_this<Call> {
 public:
  // For a request on the current loop.
  explicit Call(const httputil::HTTPServerRequest& request);

  // ---- the application's thread

  void start(std::string_view status, Headers headers, std::exception_ptr exc_info) override;
  bool headers_sent() const override;
  void write(std::string_view chunk) override;
  // Ends the call: the application has returned `rest`.
  void end(const Chunks& rest);
  // Ends the call: the application threw the exception being handled. Logs it.
  void fail() noexcept;
  // Whether nobody waits for the response any more.
  bool abandoned() const;

  // ---- the loop's thread

  struct Head {
    httputil::ResponseStartLine start_line;
    httputil::HTTPHeaders headers;
  };
  // The output since the last take().
  struct Batch {
    std::optional<Head> head;
    std::string body;
    bool ended = false;
    bool failed = false;
  };
  // Returns a future that is done when there is something to take.
  Future<void> ready();
  Batch take();
  // Ends the taking: nobody takes from now on.
  void leave();
  // Makes the application's writes fail from now on. The application still has to end.
  void abandon();

 private:
  class Wake;

  void log_exception() const;
  void send_head(std::optional<std::uint64_t> length);
  void wait_for_room(std::unique_lock<std::mutex>& lock);
  void wake_loop(std::unique_lock<std::mutex>& lock);
  bool has_news() const { return batch_.head || !batch_.body.empty() || batch_.ended; }

  const std::string summary_;
  const bool is_head_request_;
  const std::thread::id loop_thread_;
  const core::Ref<ioloop::detail::Mailbox> mailbox_;

  mutable std::mutex mutex_;  // guards the members down to wake_sent_
  std::condition_variable room_;
  std::optional<Head> head_;  // the arguments of start_response; empty again once they are sent
  Batch batch_;
  bool started_ = false;
  bool head_sent_ = false;
  bool over_ = false;  // the application has returned or thrown
  bool abandoned_ = false;
  bool wake_sent_ = false;

  std::optional<Future<void>> waiting_;  // the loop's thread
};

}  // namespace tornado::wsgi
