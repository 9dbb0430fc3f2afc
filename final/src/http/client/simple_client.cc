#include "http/client/simple_client.h"

#include "http/client/connection.h"
#include "http/client/simple_fetch.h"
#include "http/message/chars.h"

namespace tornado::http {
namespace {

using httpclient::ClientOptions;

std::shared_ptr<netutil::Resolver> make_resolver(const ClientOptions& options) {
  auto resolver =
      options.resolver != nullptr ? options.resolver : netutil::Resolver::default_resolver();
  if (options.hostname_mapping.empty()) return resolver;
  return std::make_shared<netutil::OverrideResolver>(std::move(resolver), options.hostname_mapping);
}

// Distinguishes the contexts of requests that have none of their own.
std::string tls_key(const httpclient::HTTPRequest& request) {
  std::string key = request.validate_cert.value_or(true) ? "v" : "";
  for (const auto& file : {request.ca_certs, request.client_cert, request.client_key}) {
    key.append(1, '\0').append(file.value_or(""));
  }
  return key;
}

}  // namespace

ssl::SSLContext tls_context_of(const httpclient::HTTPRequest& request) {
  if (request.ssl_options) return *request.ssl_options;
  ssl::SSLOptions made;
  if (!request.validate_cert.value_or(true)) made.cert_reqs = ssl::CertReqs::kNone;
  made.ca_certs = request.ca_certs.value_or("");
  made.certfile = request.client_cert.value_or("");
  made.keyfile = request.client_key.value_or("");
  const bool usual = request.validate_cert.value_or(true) && made.ca_certs.empty() &&
                     made.certfile.empty() && made.keyfile.empty();
  return usual ? ssl::SSLContext() : ssl::SSLContext(made);
}

SimpleCore::SimpleCore(const ClientOptions& client_options)
    : ClientCore(client_options),
      pool(loop, {client_options.max_idle_connections,
                  client_options.max_idle_connections_per_origin, client_options.idle_timeout}),
      resolver_(make_resolver(client_options)) {}

SimpleCore::~SimpleCore() = default;

void SimpleClient::fetch_impl(httpclient::Fetch fetch) {
  core_->add(core::Ref<ClientFetch>(new SimpleFetch(*core_, std::move(fetch))));
}

const std::string& SimpleCore::origin_key(const SimpleFetch& fetch) {
  const httpclient::HTTPRequest& request = fetch.request();
  const ClientUrl& url = fetch.url();
  key_.assign(1, url.https ? 's' : 'p');
  for (const char c : url.host) key_ += to_lower(c);
  const auto add = [this](std::string_view part) { key_.append(1, '\0').append(part); };
  add(std::to_string(url.port));
  add(request.network_interface.value_or(""));
  add(request.allow_ipv6.value_or(true) ? "6" : "4");
  if (!url.https) return key_;
  if (request.ssl_options) {
    // The origin keeps the context alive, so that no other can get its address.
    add(std::to_string(reinterpret_cast<std::uintptr_t>(&request.ssl_options->impl())));
  } else {
    add(tls_key(request));
  }
  return key_;
}

const ssl::SSLContext& SimpleCore::tls_context(const httpclient::HTTPRequest& request) {
  if (request.ssl_options) return *request.ssl_options;
  const auto [at, made] = tls_contexts_.try_emplace(tls_key(request));
  if (made) at->second = tls_context_of(request);
  return at->second;
}

ClientConnection& SimpleCore::adopt(const SimpleFetch& fetch, iostream::IOStream stream) {
  Origin& origin = pool.origin(origin_key(fetch));
  if (fetch.url().https) origin.tls = fetch.request().ssl_options;
  return *new ClientConnection(pool, origin, std::move(stream));
}

Future<iostream::IOStream> SimpleCore::connect(const SimpleFetch& fetch,
                                               std::shared_ptr<tcpclient::ConnectMoments> moments) {
  const httpclient::HTTPRequest& request = fetch.request();
  tcpclient::ConnectOptions connect_options;
  if (!request.allow_ipv6.value_or(true)) connect_options.af = netutil::Family::kInet;
  connect_options.source_ip = request.network_interface.value_or("");
  connect_options.stream.max_buffer_size = options.max_buffer_size;
  const ClientUrl& url = fetch.url();
  if (url.https) connect_options.ssl_options = tls_context(request);
  return tcpclient::connect(resolver_, std::string(url.host), url.port, std::move(connect_options),
                            std::move(moments));
}

}  // namespace tornado::http
