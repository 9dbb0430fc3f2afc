#include "http/curl/core.h"

#include <algorithm>
#include <climits>

#include "http/client/defaults.h"
#include "http/curl/request.h"
#include "loop/loop_state.h"

namespace tornado::http {
namespace {

using core::ListHook;
using core::Ref;
using httpclient::ClientOptions;

// The cores of one loop.
struct CurlCoresOfLoop final : ioloop::detail::LoopLocal {
  ~CurlCoresOfLoop() override {
    while (cores.linked()) {
      const Ref<CurlCore> core(static_cast<CurlCore*>(cores.next()));
      core->unlink();
      core->loop_closes();
    }
  }
  ListHook cores;
};
constexpr char kCurlCoresOfLoop = 0;

ListHook& curl_cores_of(ioloop::IOLoop& loop) {
  auto& state = loop.internals();
  if (auto* found = static_cast<CurlCoresOfLoop*>(state.find_local(&kCurlCoresOfLoop))) {
    return found->cores;
  }
  auto made = std::make_unique<CurlCoresOfLoop>();
  ListHook& cores = made->cores;
  state.set_local(&kCurlCoresOfLoop, std::move(made));
  return cores;
}

long max_connections(const ClientOptions& options) {
  return static_cast<long>(std::min<std::size_t>(options.max_idle_connections, INT_MAX));
}

// A share that is used on one thread needs no locks.
CurlShare make_session_store() {
  CurlShare share(curl_share_init());
  if (share == nullptr) throw std::bad_alloc();
  const auto code = (curl_share_setopt)(share.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  if (code != CURLSHE_OK) throw std::runtime_error(curl_share_strerror(code));
  return share;
}

}  // namespace

CurlCore::CurlCore(const ClientOptions& client_options)
    : loop(ioloop::IOLoop::current()), options(client_options), limits(response_limits(options)) {
  if (options.max_clients == 0) throw std::invalid_argument("max_clients must be positive");
  if (options.resolver != nullptr) {
    throw std::invalid_argument("the curl client takes no resolver: libcurl has its own");
  }
  append_connect_to(connect_to_, options);
  multi_.emplace(loop, static_cast<CurlMulti::Listener&>(*this), max_connections(options));
  sessions_ = make_session_store();  // after the multi handle, which starts libcurl
  link_before(curl_cores_of(loop));
}

CurlCore::~CurlCore() = default;

void CurlCore::add(httpclient::Fetch fetch) {
  if (closed_) throw std::runtime_error("fetch() called on closed AsyncHTTPClient");
  const Ref<CurlFetch> added(new CurlFetch(*this, std::move(fetch)));
  added->check();
  added->retain();  // the list's reference
  added->link_before(waiting_);
  if (active_count_ >= options.max_clients) {
    added->wait();
  } else {
    begin_waiting();
  }
}

void CurlCore::begin_waiting() {
  // A fetch may end at once and call this again: a loop instead of a recursion.
  if (std::exchange(beginning_, true)) return;
  while (waiting_.linked() && active_count_ < options.max_clients) {
    auto& next = static_cast<CurlFetch&>(*waiting_.next());
    next.link_before(active_);
    ++active_count_;
    next.begin();
  }
  beginning_ = false;
}

void CurlCore::fetch_over(CurlFetch& fetch, bool begun) {
  if (!fetch.linked()) return;
  fetch.unlink();
  if (begun) --active_count_;
  fetch.release();
  if (!closed_) begin_waiting();
}

void CurlCore::close() {
  if (closed_) return;  // the loop may be gone
  if (loop.internals().closed) return loop_closes();
  const Ref<CurlCore> self(this);
  closed_ = true;
  for (ListHook* list : {&waiting_, &active_}) {
    while (list->linked()) {
      static_cast<CurlFetch&>(*list->next())
          .fail(std::make_exception_ptr(
              httpclient::HTTPStreamClosedError("the AsyncHTTPClient was closed")));
    }
  }
  multi_.reset();
}

void CurlCore::loop_closes() {
  const Ref<CurlCore> self(this);
  closed_ = true;
  for (ListHook* list : {&waiting_, &active_}) {
    while (list->linked()) static_cast<CurlFetch&>(*list->next()).abandon();
  }
  multi_.reset();
}

std::unique_ptr<CurlTransfer> CurlCore::make_transfer(
    CurlTransfer::Owner& owner, std::shared_ptr<const httpclient::HTTPRequest> request,
    const ClientUrl& url) const {
  auto transfer = std::make_unique<CurlTransfer>(owner, std::move(request), url, options, limits,
                                                 connect_to_.get());
  set_option(transfer->easy(), CURLOPT_SHARE, sessions_.get());
  return transfer;
}

// ---- after libcurl has worked -------------------------------------------------------------------

void CurlCore::transfer_ended(CURL* easy, CURLcode result) {
  for (ListHook* at = active_.next(); at != &active_; at = at->next()) {
    CurlTransfer* const transfer = static_cast<CurlFetch&>(*at).transfer();
    if (transfer != nullptr && transfer->easy() == easy) return transfer->ended(result);
  }
}

void CurlCore::worked() {
  const Ref<CurlCore> self(this);
  multi_->take_ended();
  settle();
}

void CurlCore::settle() {
  // A callback of the program may re-enter this function: a loop instead of a recursion.
  if (std::exchange(settling_, true)) return;
  while (attention_.linked()) {
    CurlFetch& fetch = static_cast<CurlFetch::Attention&>(*attention_.next()).fetch;
    fetch.attention.unlink();
    fetch.attend();
  }
  settling_ = false;
}

}  // namespace tornado::http
