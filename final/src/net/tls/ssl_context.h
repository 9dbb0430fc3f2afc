// Internal header: what an SSLContext points to, and OpenSSL's objects and errors.
#pragma once

#include <openssl/ssl.h>
#include <tornado/ssl.h>

#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace tornado::ssl::detail {

struct Free {
  void operator()(SSL_CTX* context) const noexcept { ::SSL_CTX_free(context); }
  void operator()(SSL* ssl) const noexcept { ::SSL_free(ssl); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, Free>;
using ConnectionPtr = std::unique_ptr<SSL, Free>;
// Contexts by host name, "example.org" or "*.example.org".
using HostContexts = std::vector<std::pair<std::string, ContextPtr>>;

// The two contexts that options can become, each made when it is first needed. Any thread.
class Contexts {
 public:
  explicit Contexts(const SSLOptions& options);

  const SSLOptions& options() const noexcept { return options_; }
  // What is asked of the peer's certificate.
  CertReqs cert_reqs(bool server_side) const noexcept;

  // Makes the context unless it is there. Throws std::invalid_argument.
  void prepare(bool server_side);
  void reload();

  // A new connection. It keeps the context it was made with. Throws what prepare() throws. A client
  // checks for `server_hostname`; throws std::invalid_argument if it should and there is none.
  ConnectionPtr connection(bool server_side, const std::string& server_hostname);

 private:
  ContextPtr make(bool server_side) const;
  ContextPtr make(bool server_side, const SSLOptions& options) const;
  HostContexts make_hosts() const;

  const SSLOptions options_;
  std::mutex mutex_;
  ContextPtr contexts_[2];  // guarded by mutex_; the client's and the server's
};

// The newest error of this thread's OpenSSL, in words; empties its list of errors.
std::string take_error_text();
// The error with which `ssl` failed: an SSLCertVerificationError if that is what it was.
std::exception_ptr take_failure(const SSL* ssl);

// The peer's certificate; nothing if it sent none.
std::optional<Certificate> peer_certificate(const SSL* ssl);

}  // namespace tornado::ssl::detail
