#include "net/tls/host_certificates.h"

#include <strings.h>

#include <cstring>

#include "net/tls/attached.h"

namespace tornado::ssl::detail {
namespace {

bool same(const char* a, const char* b) {
  return ::strcasecmp(a, b) == 0;
}

// An exact name takes precedence over a pattern. Called by OpenSSL: does not throw.
SSL_CTX* find(const HostContexts& hosts, const char* name) noexcept {
  for (const auto& [host, context] : hosts) {
    if (same(host.c_str(), name)) return context.get();
  }
  const char* const rest = std::strchr(name, '.');
  if (rest == nullptr || rest == name) return nullptr;
  for (const auto& [host, context] : hosts) {
    if (host.starts_with('*') && same(host.c_str() + 1, rest)) return context.get();
  }
  return nullptr;
}

int choose(SSL* ssl, int* /*alert*/, void* hosts) {
  const char* const name = ::SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  SSL_CTX* const found =
      name != nullptr ? find(*static_cast<const HostContexts*>(hosts), name) : nullptr;
  if (found == nullptr) return SSL_TLSEXT_ERR_NOACK;
  ::SSL_set_SSL_CTX(ssl, found);
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

void choose_by_host(SSL_CTX* context, HostContexts hosts) {
  auto& kept =
      Attached<HostContexts>::set(context, std::make_unique<HostContexts>(std::move(hosts)));
  ::SSL_CTX_set_tlsext_servername_callback(context, &choose);
  ::SSL_CTX_set_tlsext_servername_arg(context, &kept);
}

}  // namespace tornado::ssl::detail
