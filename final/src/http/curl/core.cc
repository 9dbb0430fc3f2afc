#include "http/curl/core.h"

#include <algorithm>
#include <climits>

#include "http/curl/request.h"

namespace tornado::http {
namespace {

using core::ListHook;
using httpclient::ClientOptions;

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

CurlCore::CurlCore(const ClientOptions& client_options) : ClientCore(client_options) {
  if (options.resolver != nullptr) {
    throw std::invalid_argument("the curl client takes no resolver: libcurl has its own");
  }
  append_connect_to(connect_to_, options);
  multi_.emplace(loop, static_cast<CurlMulti::Listener&>(*this), max_connections(options));
  sessions_ = make_session_store();  // after the multi handle, which starts libcurl
}

CurlCore::~CurlCore() = default;

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
  const core::Ref<CurlCore> self(this);
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
