// Internal header: the object behind an SSLContext, and OpenSSL's objects and errors.
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

// The two contexts that options can become, each created when it is first needed. Any thread.
class Contexts {
 public:
  explicit Contexts(const SSLOptions& options);

  const SSLOptions& options() const noexcept { return options_; }
  // Returns what is required of the peer's certificate.
  CertReqs cert_reqs(bool server_side) const noexcept;

  // Creates the context unless it exists. Throws std::invalid_argument.
  void prepare(bool server_side);
  void reload();

  // Creates a connection, which keeps the context it was made with. Throws what prepare() throws. A
  // client checks the certificate for `server_hostname`; if it should and the name is empty, throws
  // std::invalid_argument.
  ConnectionPtr connection(bool server_side, const std::string& server_hostname);

 private:
  ContextPtr make(bool server_side) const;
  ContextPtr make(bool server_side, const SSLOptions& options) const;
  HostContexts make_hosts() const;

  const SSLOptions options_;
  std::mutex mutex_;
  ContextPtr contexts_[2];  // guarded by mutex_; the client's and the server's
};

// Returns the newest error of this thread's OpenSSL, in words, and empties its list of errors.
std::string take_error_text();
// Returns the error with which `ssl` failed, as an SSLCertVerificationError if it is one.
std::exception_ptr take_failure(const SSL* ssl);

// Returns the peer's certificate, or nullopt if it sent none.
std::optional<Certificate> peer_certificate(const SSL* ssl);

}  // namespace tornado::ssl::detail
