// Internal header. The simple client: AsyncHTTPClient on this library's own streams. Mirrors
// tornado.simple_httpclient.
#pragma once

#include <tornado/httpclient.h>

#include <memory>
#include <string>
#include <unordered_map>

#include "http/client/connection_pool.h"
#include "http/client/response_reader.h"
#include "net/tcp/connect.h"

namespace tornado::http {

class SimpleFetch;

// Returns the TLS settings that a request asks for. Reads its files: keep the result for many
// requests.
ssl::SSLContext tls_context_of(const httpclient::HTTPRequest& request);

// The state that the fetches of one client share. Lives until the client and the last fetch are
// gone. Notices when its loop closes.
class SimpleCore final : public core::Counted, public core::ListHook {
 public:
  explicit SimpleCore(const httpclient::ClientOptions& client_options);

  void add(httpclient::Fetch fetch);
  // Ends all fetches and closes the idle connections. No fetch may follow.
  void close();
  // The same without completing any future: their callbacks would never run.
  void loop_closes();

  // ---- for SimpleFetch
  // Removes a fetch from the lists. If it had `begun`, the next one may begin in its place.
  void fetch_over(SimpleFetch& fetch, bool begun);
  // Fetches with equal keys may share a connection. Valid until the next call.
  const std::string& origin_key(const SimpleFetch& fetch);
  Future<iostream::IOStream> connect(const SimpleFetch& fetch,
                                     std::shared_ptr<tcpclient::ConnectMoments> moments);
  // Takes the stream that connect() returned into the pool.
  ClientConnection& adopt(const SimpleFetch& fetch, iostream::IOStream stream);

  ioloop::IOLoop& loop;
  const httpclient::ClientOptions options;
  const ResponseLimits limits;
  ConnectionPool pool;

 private:
  ~SimpleCore() override;
  void begin_waiting();
  const ssl::SSLContext& tls_context(const httpclient::HTTPRequest& request);

  const std::shared_ptr<netutil::Resolver> resolver_;
  core::ListHook waiting_;  // SimpleFetch, each with a reference of its own
  core::ListHook active_;
  std::size_t active_count_ = 0;
  std::string key_;  // its memory is reused
  std::unordered_map<std::string, ssl::SSLContext> tls_contexts_;
  bool beginning_ = false;
  bool closed_ = false;
};

class SimpleClient final : public httpclient::Implementation {
 public:
  explicit SimpleClient(const httpclient::ClientOptions& options)
      : core_(new SimpleCore(options)) {}

  void fetch_impl(httpclient::Fetch fetch) override { core_->add(std::move(fetch)); }
  void close() override { core_->close(); }

 private:
  core::Ref<SimpleCore> core_;
};

}  // namespace tornado::http
