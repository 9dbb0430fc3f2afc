#include "web/wsgi/call.h"

#include <tornado/iostream.h>
#include <tornado/log.h>
#include <tornado/version.h>

#include <array>
#include <ctime>
#include <stdexcept>
#include <utility>

#include "base/text/ascii.h"
#include "http/message/framing.h"
#include "loop/error_text.h"
#include "loop/loop_state.h"

namespace tornado::wsgi {
namespace {

// Above this many bytes waiting for the loop, the application has to wait.
constexpr std::size_t kHighWater = 65'536;

// Fields that belong to the connection and not to the message (PEP 3333, RFC 9110 7.6.1).
constexpr std::array<std::string_view, 9> kHopByHop = {"Connection",
                                                       "Keep-Alive",
                                                       "Proxy-Authenticate",
                                                       "Proxy-Authorization",
                                                       "Proxy-Connection",
                                                       "Te",
                                                       "Trailer",
                                                       "Transfer-Encoding",
                                                       "Upgrade"};

httputil::ResponseStartLine parse_status(std::string_view status) {
  const bool has_code = status.size() >= 4 && status[0] >= '2' && status[0] <= '9' &&
                        is_digit(status[1]) && is_digit(status[2]) && status[3] == ' ';
  if (!has_code) {
    throw std::invalid_argument("a status is three digits, a space and a reason, not '" +
                                std::string(status) + "'");
  }
  for (const char c : status) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      throw std::invalid_argument("a status has no control characters");
    }
  }
  const int code = (status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0');
  return {"HTTP/1.1", code, std::string(status.substr(4))};
}

httputil::HTTPHeaders parse_headers(const Headers& headers) {
  httputil::HTTPHeaders parsed;
  for (const auto& [name, value] : headers) parsed.add(name, value);
  for (const std::string_view name : kHopByHop) {
    if (!parsed.contains(name)) continue;
    throw std::invalid_argument(std::string(name) +
                                " is the server's business: an application must not set it");
  }
  const auto lengths = parsed.get_list("Content-Length");
  for (const std::string& length : lengths) {
    if (lengths.size() > 1 || !http::parse_content_length(length)) {
      throw std::invalid_argument("Content-Length is not a number");
    }
  }
  return parsed;
}

std::string summary_of(const httputil::HTTPServerRequest& request) {
  return request.method + " " + request.uri + " (" + request.remote_ip + ")";
}

std::size_t size_of(const Chunks& chunks) {
  std::size_t size = 0;
  for (const std::string& chunk : chunks) size += chunk.size();
  return size;
}

}  // namespace

void add_server_headers(httputil::HTTPHeaders& headers) {
  if (!headers.contains("Server")) {
    headers.add("Server", "TornadoServer/" + std::string(kVersion));
  }
  if (!headers.contains("Date")) {
    headers.add("Date", httputil::format_timestamp(std::time(nullptr)));
  }
}

// Tells the loop that there is something to take.
class Call::Wake final : public core::OwnedRunnable {
 public:
  explicit Wake(std::shared_ptr<Call> call) : call_(std::move(call)) {}
  void run() override {
    const std::unique_ptr<Wake> self(this);
    {
      const std::lock_guard lock(call_->mutex_);
      call_->wake_sent_ = false;
    }
    const auto waiting = std::exchange(call_->waiting_, std::nullopt);
    if (waiting && !waiting->done()) waiting->set_result();
  }

 private:
  std::shared_ptr<Call> call_;
};

Call::Call(const httputil::HTTPServerRequest& request)
    : summary_(summary_of(request)),
      is_head_request_(request.method == "HEAD"),
      loop_thread_(std::this_thread::get_id()),
      mailbox_(ioloop::IOLoop::current().internals().mailbox) {}

// ---- the application's thread -------------------------------------------------------------------

void Call::start(std::string_view status, Headers headers, std::exception_ptr exc_info) {
  Head head{parse_status(status), parse_headers(headers)};
  const std::lock_guard lock(mutex_);
  if (exc_info != nullptr && head_sent_) std::rethrow_exception(exc_info);
  if (started_ && exc_info == nullptr) throw std::logic_error("start_response was called twice");
  head_ = std::move(head);
  started_ = true;
}

bool Call::headers_sent() const {
  const std::lock_guard lock(mutex_);
  return head_sent_;
}

bool Call::abandoned() const {
  const std::lock_guard lock(mutex_);
  return abandoned_;
}

void Call::write(std::string_view chunk) {
  std::unique_lock lock(mutex_);
  if (!started_) throw std::logic_error("write() was called before start_response");
  if (chunk.empty() && !over_ && !abandoned_) return;
  wait_for_room(lock);
  if (!head_sent_) send_head(std::nullopt);
  batch_.body += chunk;
  wake_loop(lock);
}

void Call::end(const Chunks& rest) {
  const std::size_t length = size_of(rest);
  std::unique_lock lock(mutex_);
  if (!started_) throw std::logic_error("the application did not call start_response");
  wait_for_room(lock);
  if (!head_sent_) send_head(length);
  batch_.body.reserve(batch_.body.size() + length);
  for (const std::string& chunk : rest) batch_.body += chunk;
  batch_.ended = over_ = true;
  wake_loop(lock);
}

void Call::fail() noexcept {
  try {
    throw;
  } catch (const iostream::StreamClosedError&) {
    // The client has gone, or the container has: not the application's fault.
    if (!abandoned()) log_exception();
  } catch (...) {
    log_exception();
  }
  std::unique_lock lock(mutex_);
  batch_.ended = batch_.failed = over_ = true;
  wake_loop(lock);
}

void Call::log_exception() const {
  log::app_log.error("Uncaught exception " + summary_ + "\n" + describe(std::current_exception()));
}

// Adds the fields that Tornado's container adds. Call with the lock held.
void Call::send_head(std::optional<std::uint64_t> length) {
  Head head = std::move(*head_);
  httputil::HTTPHeaders& headers = head.headers;
  const int code = head.start_line.code;
  if (code == 204) headers.remove("Content-Length");
  if (!http::has_no_body(code)) {
    // An application that omits the body of a HEAD response says nothing about its length.
    if (length && (*length != 0 || !is_head_request_) && !headers.contains("Content-Length")) {
      headers.add("Content-Length", std::to_string(*length));
    }
    if (!headers.contains("Content-Type")) headers.add("Content-Type", "text/html; charset=UTF-8");
  }
  add_server_headers(headers);
  batch_.head = std::move(head);
  head_sent_ = true;
}

// An application on the loop's own thread would block itself.
void Call::wait_for_room(std::unique_lock<std::mutex>& lock) {
  if (std::this_thread::get_id() != loop_thread_) {
    room_.wait(lock, [this] { return batch_.body.size() < kHighWater || abandoned_ || over_; });
  }
  if (abandoned_ || over_) throw iostream::StreamClosedError();
}

void Call::wake_loop(std::unique_lock<std::mutex>& lock) {
  if (std::exchange(wake_sent_, true)) return;
  lock.unlock();
  mailbox_->post(*new Wake(shared_from_this()));
}

// ---- the loop's thread --------------------------------------------------------------------------

Future<void> Call::ready() {
  Future<void> future;
  const std::lock_guard lock(mutex_);
  if (has_news()) {
    future.set_result();
  } else {
    waiting_ = future;
  }
  return future;
}

Call::Batch Call::take() {
  Batch batch;
  {
    const std::lock_guard lock(mutex_);
    batch = std::exchange(batch_, {});
  }
  room_.notify_all();
  return batch;
}

void Call::abandon() {
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
  }
  room_.notify_all();
}

void Call::leave() {
  waiting_.reset();
  abandon();
}

}  // namespace tornado::wsgi
