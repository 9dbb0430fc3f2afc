// Internal header. What the fetches of one curl client share.
#pragma once

#include <tornado/httpclient.h>

#include <cstddef>
#include <memory>
#include <optional>

#include "http/client/response_reader.h"
#include "http/curl/fetch.h"
#include "http/curl/multi.h"

namespace tornado::http {

// Lives until the client and the last fetch are gone. Notices when its loop closes.
class CurlCore final : public core::Counted, public core::ListHook, private CurlMulti::Listener {
 public:
  explicit CurlCore(const httpclient::ClientOptions& client_options);

  void add(httpclient::Fetch fetch);
  // Ends all fetches and closes the connections. No fetch may follow.
  void close();
  // The same without completing any future: their callbacks would never run.
  void loop_closes();

  // ---- for CurlFetch
  // Removes a fetch from the lists. If it had `begun`, the next one may begin in its place.
  void fetch_over(CurlFetch& fetch, bool begun);
  // Makes settle() call the fetch's attend().
  void needs_attention(CurlFetch& fetch) { fetch.attention.link_before(attention_); }
  // Lets the fetches look at what arrived; runs outside libcurl.
  void settle();
  std::unique_ptr<CurlTransfer> make_transfer(
      CurlTransfer::Owner& owner, std::shared_ptr<const httpclient::HTTPRequest> request,
      const ClientUrl& url) const;
  CurlMulti& multi() { return *multi_; }

  ioloop::IOLoop& loop;
  const httpclient::ClientOptions options;
  const ResponseLimits limits;

 private:
  ~CurlCore() override;
  void transfer_ended(CURL* easy, CURLcode result) override;
  void worked() override;
  void begin_waiting();

  CurlLines connect_to_;
  CurlShare sessions_;              // TLS sessions, because each transfer has its own handle
  std::optional<CurlMulti> multi_;  // empty once the core is closed
  core::ListHook waiting_;          // CurlFetch, each with a reference of its own
  core::ListHook active_;
  core::ListHook attention_;  // CurlFetch::Attention
  std::size_t active_count_ = 0;
  bool beginning_ = false;
  bool settling_ = false;
  bool closed_ = false;
};

}  // namespace tornado::http
