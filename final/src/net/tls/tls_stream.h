// Internal header: TlsStream, a Stream whose bytes travel encrypted.
#pragma once

#include <tornado/ssl.h>

#include <string>
#include <string_view>

#include "net/stream/stream.h"
#include "net/tls/ssl_context.h"

namespace tornado::iostream::detail {

// OpenSSL never sees the descriptor: it is given the bytes of one recv(), and what it wants to send
// is gathered for one send(). So a read or write costs as many system calls as without TLS, and a
// read never has to wait until it can write, nor a write until it can read. All bytes that arrived
// are decrypted at once, unless the buffer is full; the rest is then `hidden_input_`.
class TlsStream final : public Stream {
 public:
  // `ssl` is a fresh connection for the socket's side.
  TlsStream(netutil::Socket socket, const IOStreamOptions& options, ssl::detail::ConnectionPtr ssl,
            double handshake_timeout);

  // Opens a stream over a socket. If the socket is connected, the handshake begins. Throws what
  // ssl::detail::Contexts::connection() throws.
  static IOStream open(netutil::Socket socket, const IOStreamOptions& options,
                       const ssl::SSLContext& context, bool server_side,
                       const std::string& server_hostname);
  // Same over the socket of `plain`, which it closes. If `plain` is not idle, throws
  // std::invalid_argument and leaves it as it was.
  static IOStream upgrade(Stream& plain, const ssl::SSLContext& context, bool server_side,
                          const std::string& server_hostname);

  using Stream::begin_handshake;
  using Stream::established;
  const SSL* ssl() const noexcept { return ssl_.get(); }

 protected:
  ssize_t read_from_fd(char* buffer, std::size_t size) override;
  ssize_t write_to_fd(const iovec* parts, int count) override;
  ssize_t write_file_to_fd(const core::FileRange& range, std::size_t size) override;
  void shutdown_write() override;
  void close_fd() noexcept override;
  std::uint32_t handshake() override;
  double handshake_timeout() const noexcept override { return handshake_timeout_; }
  std::exception_ptr failure(int error) const override;
  std::exception_ptr connect_failure(const std::exception_ptr& error) const override;

 private:
  friend struct TlsBio;

  ssize_t fetch(std::size_t size);
  ssize_t decrypt(char* buffer, std::size_t size);
  std::size_t encrypt(const iovec* parts, int count);
  bool send_encrypted();
  void fail();
  void refuse_handshake();

  const ssl::detail::ConnectionPtr ssl_;
  std::string_view input_;  // encrypted bytes for OpenSSL to take, during a call
  std::string held_;        // what was left of them at the end of the call
  std::string encrypted_;   // to be sent, from sent_ on
  std::size_t sent_ = 0;
  std::size_t withheld_ = 0;  // bytes of the output that are in encrypted_
  std::exception_ptr protocol_error_;
  double handshake_timeout_;
  bool owes_ticket_ = false;    // a session ticket, with which the client may resume
  bool end_when_sent_ = false;  // shutdown_write() waits for encrypted_ to leave
};

}  // namespace tornado::iostream::detail
