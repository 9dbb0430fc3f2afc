#include <tornado/iostream.h>

#include "net/tls/tls_stream.h"

namespace tornado::iostream {
namespace {

Future<std::string> start(detail::Stream& stream, detail::ReadAndFuture read) {
  stream.start_read(std::move(read.read));
  return std::move(read.future);
}

}  // namespace

IOStream::IOStream(netutil::Socket socket, const IOStreamOptions& options)
    : stream_(new detail::Stream(std::move(socket), options)) {}

PipeIOStream::PipeIOStream(int fd, const IOStreamOptions& options)
    : IOStream(new detail::PipeStream(netutil::Socket(fd), options)) {}

IOStream::IOStream(const IOStream& other) noexcept : stream_(other.stream_) {
  if (stream_ != nullptr) stream_->retain();
}

IOStream::~IOStream() {
  if (stream_ != nullptr) stream_->release();
}

detail::Stream& IOStream::impl() const {
  if (stream_ == nullptr) throw std::logic_error("this IOStream is empty");
  return *stream_;
}

Future<IOStream> IOStream::connect(const netutil::Address& address) const {
  return impl().connect(address);
}

Future<std::string> IOStream::read_until(std::string delimiter, std::size_t max_bytes) const {
  return start(impl(), detail::make_read_until(std::move(delimiter), max_bytes));
}

Future<std::string> IOStream::read_until_regex(std::string_view regex,
                                               std::size_t max_bytes) const {
  return start(impl(), detail::make_read_until_regex(regex, max_bytes));
}

Future<std::string> IOStream::read_bytes(std::size_t count, bool partial) const {
  return start(impl(), detail::make_read_bytes(count, partial));
}

Future<std::string> IOStream::read_into(std::string buffer, bool partial) const {
  return start(impl(), detail::make_read_into(std::move(buffer), partial));
}

Future<std::string> IOStream::read_until_close() const {
  return start(impl(), detail::make_read_until_close());
}

Future<void> IOStream::write(std::string data) const {
  return impl().write(std::move(data));
}

Future<IOStream> IOStream::start_tls(bool server_side, const ssl::SSLContext& ssl_options,
                                     const std::string& server_hostname) const {
  const SSLIOStream stream(
      detail::TlsStream::upgrade(impl(), ssl_options, server_side, server_hostname));
  return stream.wait_for_handshake();
}

void IOStream::close(std::exception_ptr error) const {
  impl().close(std::move(error));
}

void IOStream::set_close_runnable(tornado::detail::Runnable* callback) const {
  impl().set_close_callback(callback);
}

bool IOStream::closed() const {
  return impl().closed();
}

bool IOStream::reading() const {
  return impl().reading();
}

bool IOStream::writing() const {
  return impl().writing();
}

std::exception_ptr IOStream::error() const {
  return impl().error();
}

void IOStream::set_nodelay(bool value) const {
  impl().set_nodelay(value);
}

int IOStream::fileno() const {
  return impl().fileno();
}

// ---- SSLIOStream --------------------------------------------------------------------------------

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
