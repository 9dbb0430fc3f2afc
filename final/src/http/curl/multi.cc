#include "http/curl/multi.h"

#include <sys/socket.h>
#include <tornado/core/context.h>
#include <tornado/log.h>
#include <tornado/netutil.h>
#include <unistd.h>

#include <new>
#include <stdexcept>
#include <string>

#include "http/client/client_core.h"
#include "http/curl/handle.h"

namespace tornado::http {
namespace {

using ioloop::IOLoop;

// Once per process, before the first handle.
void start_libcurl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) throw std::runtime_error("libcurl cannot start");
}

std::uint32_t loop_events(int what) {
  switch (what) {
    case CURL_POLL_IN:
      return IOLoop::READ;
    case CURL_POLL_OUT:
      return IOLoop::WRITE;
    default:
      return IOLoop::READ | IOLoop::WRITE;
  }
}

int curl_events(std::uint32_t events) {
  int what = 0;
  if ((events & IOLoop::READ) != 0) what |= CURL_CSELECT_IN;
  if ((events & IOLoop::WRITE) != 0) what |= CURL_CSELECT_OUT;
  if ((events & IOLoop::ERROR) != 0) what |= CURL_CSELECT_ERR;
  return what;
}

void check(CURLMcode code) {
  if (code != CURLM_OK) throw std::runtime_error(curl_multi_strerror(code));
}

// 0 if it has no port.
int port_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return netutil::Address(reinterpret_cast<const sockaddr*>(&address), size).port();
}

template <class T>
void set_multi_option(CURLM* multi, CURLMoption option, T value) {
  check((curl_multi_setopt)(multi, option, value));
}

}  // namespace

CurlMulti::CurlMulti(IOLoop& loop, Listener& listener, long max_connections)
    : loop_(loop), listener_(listener) {
  start_libcurl();
  multi_ = curl_multi_init();
  if (multi_ == nullptr) throw std::bad_alloc();
  set_multi_option(multi_, CURLMOPT_SOCKETFUNCTION, &CurlMulti::on_socket);
  set_multi_option(multi_, CURLMOPT_SOCKETDATA, static_cast<void*>(this));
  set_multi_option(multi_, CURLMOPT_TIMERFUNCTION, &CurlMulti::on_timer);
  set_multi_option(multi_, CURLMOPT_TIMERDATA, static_cast<void*>(this));
  if (max_connections > 0) set_multi_option(multi_, CURLMOPT_MAXCONNECTS, max_connections);
}

CurlMulti::~CurlMulti() {
  curl_multi_cleanup(multi_);
  if (timer_.pending()) loop_.remove_timeout(timer_);
}

void CurlMulti::add(CURL* easy) {
  check(curl_multi_add_handle(multi_, easy));
}

void CurlMulti::remove(CURL* easy) noexcept {
  curl_multi_remove_handle(multi_, easy);
}

void CurlMulti::take_ended() {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    listener_.transfer_ended(message->easy_handle, message->data.result);
  }
}

// ---- its connections ----------------------------------------------------------------------------

void CurlMulti::track_sockets(CURL* easy) {
  set_option(easy, CURLOPT_SOCKOPTFUNCTION, &CurlMulti::on_open);
  set_option(easy, CURLOPT_SOCKOPTDATA, static_cast<void*>(this));
  set_option(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlMulti::on_close);
  set_option(easy, CURLOPT_CLOSESOCKETDATA, static_cast<void*>(this));
}

int CurlMulti::on_open(void* self, curl_socket_t fd, curlsocktype /*purpose*/) {
  try {
    static_cast<CurlMulti*>(self)->sockets_.push_back({fd, 0});
    return CURL_SOCKOPT_OK;
  } catch (const std::bad_alloc&) {
    return CURL_SOCKOPT_ERROR;
  }
}

int CurlMulti::on_close(void* self, curl_socket_t fd) {
  std::erase_if(static_cast<CurlMulti*>(self)->sockets_,
                [fd](const OpenSocket& open) { return open.fd == fd; });
  return ::close(fd);
}

// Two connections from two addresses may share a port: then both are checked, which does no harm.
bool CurlMulti::quiet(int local_port) {
  for (OpenSocket& open : sockets_) {
    if (open.local_port == 0) open.local_port = port_of(open.fd);
    if (open.local_port == local_port && !is_quiet(open.fd)) return false;
  }
  return true;
}

// ---- what libcurl wants -------------------------------------------------------------------------

int CurlMulti::on_socket(CURL* /*easy*/, curl_socket_t fd, int what, void* self, void* known) {
  try {
    static_cast<CurlMulti*>(self)->watch(fd, what, known != nullptr);
    return 0;
  } catch (const std::exception& error) {
    log::gen_log.error(std::string("cannot watch a socket of libcurl: ") + error.what());
    return -1;  // no exception may pass through libcurl
  }
}

// libcurl stores a pointer for each socket: it tells whether the loop already has the socket.
void CurlMulti::watch(int fd, int what, bool known) {
  if (what == CURL_POLL_REMOVE) return loop_.remove_handler(fd);
  if (known) return loop_.update_handler(fd, loop_events(what));
  loop_.add_handler(fd, *this, loop_events(what));
  curl_multi_assign(multi_, fd, this);
}

int CurlMulti::on_timer(CURLM* /*multi*/, long milliseconds, void* self) {
  static_cast<CurlMulti*>(self)->set_timer(milliseconds);
  return 0;
}

void CurlMulti::set_timer(long milliseconds) {
  if (timer_.pending()) loop_.remove_timeout(timer_);
  if (milliseconds < 0) return;
  // The timer serves all transfers, so it must not run in the context of the current one.
  const core::ContextScope none(nullptr);
  timer_ = loop_.call_later(static_cast<double>(milliseconds) / 1000,
                            [this] { act(CURL_SOCKET_TIMEOUT, 0); });
}

// ---- events from the loop -----------------------------------------------------------------------

void CurlMulti::handle_events(int fd, std::uint32_t events) {
  act(fd, curl_events(events));
}

void CurlMulti::act(curl_socket_t fd, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, fd, events, &running);
  listener_.worked();
}

}  // namespace tornado::http
