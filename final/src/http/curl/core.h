// Internal header. What the fetches of one curl client share besides ClientCore: libcurl's handles,
// and the way from libcurl's callbacks to the fetches.
#pragma once

#include <tornado/httpclient.h>

#include <memory>
#include <optional>

#include "http/client/client_core.h"
#include "http/curl/fetch.h"
#include "http/curl/multi.h"

namespace tornado::http {

class CurlCore final : public ClientCore, private CurlMulti::Listener {
 public:
  explicit CurlCore(const httpclient::ClientOptions& client_options);

  // ---- for CurlFetch
  // Makes settle() call the fetch's attend().
  void needs_attention(CurlFetch& fetch) { fetch.attention.link_before(attention_); }
  // Lets the fetches look at what arrived; runs outside libcurl.
  void settle();
  std::unique_ptr<CurlTransfer> make_transfer(
      CurlTransfer::Owner& owner, std::shared_ptr<const httpclient::HTTPRequest> request,
      const ClientUrl& url) const;
  CurlMulti& multi() { return *multi_; }

 private:
  ~CurlCore() override;
  void close_connections() override { multi_.reset(); }
  void transfer_ended(CURL* easy, CURLcode result) override;
  void worked() override;

  CurlLines connect_to_;
  CurlShare sessions_;              // TLS sessions, because each transfer has its own handle
  std::optional<CurlMulti> multi_;  // empty once the core is closed
  core::ListHook attention_;        // CurlFetch::Attention
  bool settling_ = false;
};

}  // namespace tornado::http
