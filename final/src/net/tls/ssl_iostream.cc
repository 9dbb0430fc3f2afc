// The handle of a TLS stream, and how a plain stream becomes one.
#include <tornado/iostream.h>

#include "net/tls/tls_stream.h"

namespace tornado::iostream {

Future<IOStream> IOStream::start_tls(bool server_side, const ssl::SSLContext& ssl_options,
                                     const std::string& server_hostname) const {
  const SSLIOStream stream(
      detail::TlsStream::upgrade(impl(), ssl_options, server_side, server_hostname));
  return stream.wait_for_handshake();
}

SSLIOStream::SSLIOStream(netutil::Socket socket, const ssl::SSLContext& ssl_options,
                         bool server_side, const std::string& server_hostname,
                         const IOStreamOptions& options)
    : IOStream(detail::TlsStream::open(std::move(socket), options, ssl_options, server_side,
                                       server_hostname)) {}

SSLIOStream::SSLIOStream(const IOStream& stream) : IOStream(stream) {
  if (!is_tls(stream)) throw std::invalid_argument("the IOStream does not speak TLS");
}

bool SSLIOStream::is_tls(const IOStream& stream) noexcept {
  return stream && dynamic_cast<detail::TlsStream*>(&stream.impl()) != nullptr;
}

detail::TlsStream& SSLIOStream::tls() const {
  return static_cast<detail::TlsStream&>(impl());
}

Future<IOStream> SSLIOStream::wait_for_handshake() const {
  return tls().established();
}

std::string SSLIOStream::selected_alpn_protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  ::SSL_get0_alpn_selected(tls().ssl(), &name, &size);
  return std::string(reinterpret_cast<const char*>(name), size);
}

std::string SSLIOStream::version() const {
  return ::SSL_is_init_finished(tls().ssl()) ? ::SSL_get_version(tls().ssl()) : "";
}

std::string SSLIOStream::cipher() const {
  const SSL_CIPHER* const cipher = ::SSL_get_current_cipher(tls().ssl());
  return cipher != nullptr ? ::SSL_CIPHER_get_name(cipher) : "";
}

bool SSLIOStream::session_reused() const {
  return ::SSL_session_reused(tls().ssl()) == 1;
}

std::string SSLIOStream::server_hostname() const {
  const char* const name = ::SSL_get_servername(tls().ssl(), TLSEXT_NAMETYPE_host_name);
  return name != nullptr ? name : "";
}

std::optional<ssl::Certificate> SSLIOStream::peer_certificate() const {
  return ssl::detail::peer_certificate(tls().ssl());
}

}  // namespace tornado::iostream

namespace tornado::netutil {

iostream::SSLIOStream ssl_wrap_socket(Socket socket, const ssl::SSLContext& ssl_options,
                                      const std::string& server_hostname, bool server_side) {
  return iostream::SSLIOStream(std::move(socket), ssl_options, server_side, server_hostname);
}

}  // namespace tornado::netutil
