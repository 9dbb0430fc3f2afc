// Internal header. One fetch of the curl client: its transfers.
#pragma once

#include <tornado/httpclient.h>

#include <memory>

#include "http/client/client_fetch.h"
#include "http/curl/transfer.h"

namespace tornado::http {

class CurlCore;

class CurlFetch final : public ClientFetch, private CurlTransfer::Owner {
 public:
  CurlFetch(CurlCore& core, httpclient::Fetch fetch);

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
  ~CurlFetch() override;

  // ClientFetch.
  void check_request() override;
  void send(bool on_new_connection) override;
  void drop_exchange() override;
  void resume() override;

  // CurlTransfer::Owner.
  void connected() override;
  void wake() override;

  CurlCore& core() const noexcept;
  void look();
  void look_at_head();
  void look_at_content();
  void produce();
  void produced(const Future<void>& done, CurlUpload& upload);
  void transfer_over();
  void response_complete();

  std::unique_ptr<CurlTransfer> transfer_;
  bool head_seen_ = false;  // of transfer_
  bool busy_ = false;       // the program's callback is processing a piece of the body
};

}  // namespace tornado::http
