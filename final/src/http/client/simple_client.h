// Internal header. The simple client: AsyncHTTPClient on this library's own streams. Mirrors
// tornado.simple_httpclient.
#pragma once

#include <tornado/httpclient.h>

#include <memory>
#include <string>
#include <unordered_map>

#include "http/client/client_core.h"
#include "http/client/connection_pool.h"
#include "net/tcp/connect.h"

namespace tornado::http {

class SimpleFetch;

// Returns the TLS settings that a request asks for. Reads its files: keep the result for many
// requests.
ssl::SSLContext tls_context_of(const httpclient::HTTPRequest& request);

class SimpleCore final : public ClientCore {
 public:
  explicit SimpleCore(const httpclient::ClientOptions& client_options);

  // ---- for SimpleFetch
  // Fetches with equal keys may share a connection. Valid until the next call.
  const std::string& origin_key(const SimpleFetch& fetch);
  Future<iostream::IOStream> connect(const SimpleFetch& fetch,
                                     std::shared_ptr<tcpclient::ConnectMoments> moments);
  // Takes the stream that connect() returned into the pool.
  ClientConnection& adopt(const SimpleFetch& fetch, iostream::IOStream stream);

  ConnectionPool pool;

 private:
  ~SimpleCore() override;
  void close_connections() override { pool.close_idle(); }
  const ssl::SSLContext& tls_context(const httpclient::HTTPRequest& request);

  const std::shared_ptr<netutil::Resolver> resolver_;
  std::string key_;  // its memory is reused
  std::unordered_map<std::string, ssl::SSLContext> tls_contexts_;
};

class SimpleClient final : public httpclient::Implementation {
 public:
  explicit SimpleClient(const httpclient::ClientOptions& options)
      : core_(new SimpleCore(options)) {}

  void fetch_impl(httpclient::Fetch fetch) override;
  void close() override { core_->close(); }

 private:
  core::Ref<SimpleCore> core_;
};

}  // namespace tornado::http
