// Public header: TLS options, contexts, errors and certificates. Mirrors the parts of Python's ssl
// module that Tornado uses; the streams are in iostream.h.
#pragma once

#include <tornado/core/seconds.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tornado::ssl {

// A TLS error: the peer does not speak TLS, rejects us, or cannot be trusted. Thrown by a
// handshake, or found in real_error of a StreamClosedError. (ssl.SSLError)
class SSLError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The peer's certificate is expired, issued for another name, or issued by an authority that we do
// not trust. The message says which. (ssl.SSLCertVerificationError)
class SSLCertVerificationError : public SSLError {
 public:
  using SSLError::SSLError;
};

// The connection ended without TLS's own end marker, so an attacker may have cut off data.
// (ssl.SSLEOFError)
class SSLEOFError : public SSLError {
 public:
  SSLEOFError() : SSLError("the connection ended in violation of TLS") {}
};

// How the peer's certificate is checked. (ssl.CERT_NONE, ...)
enum class CertReqs : std::uint8_t {
  kNone,      // not at all: a client then accepts any server
  kOptional,  // may be missing, but must be valid if present
  kRequired,
};

enum class TLSVersion : std::uint8_t { kTLSv1_2, kTLSv1_3 };

// A server's certificate for a host name, "example.org", or for all names with one more label,
// "*.example.org". Files as in SSLOptions.
struct HostCertificate {
  HostCertificate(std::string host_name, std::string certificate_file, std::string key_file = {})
      : host(std::move(host_name)),
        certfile(std::move(certificate_file)),
        keyfile(std::move(key_file)) {}

  std::string host;      // "example.org" or "*.example.org"
  std::string certfile;  // the certificate, followed by those of the authorities above it
  std::string keyfile;   // its key; empty: in certfile
};

// The ssl_options of servers and clients. Files are in PEM format. TLS below 1.2, compression and
// renegotiation are disabled.
struct SSLOptions {
  SSLOptions();

  // Our certificate, followed by those of the authorities between it and a root, and its key, which
  // may be in the same file and must not be encrypted. Required for a server.
  std::string certfile;
  std::string keyfile;
  // More certificates for a server, chosen by the host name that the client asks for (SNI, RFC 6066
  // 3). An exact name is preferred to one with "*"; if no name matches, certfile is used.
  // (sni_callback)
  std::vector<HostCertificate> host_certificates;

  // Unset: a client requires a certificate; a server requires one if it has ca_certs.
  std::optional<CertReqs> cert_reqs;
  // The authorities to trust. Empty: a client trusts the system's; a server that asks for
  // certificates must name some.
  std::string ca_certs;
  // Makes a client check that the certificate is for the wanted host, by name or IP address. Has no
  // effect with CertReqs::kNone.
  bool check_hostname = true;

  // For TLS 1.2, in OpenSSL's notation. Empty: OpenSSL's defaults without those that exchange keys
  // by RSA alone, which have no forward secrecy. Does not affect TLS 1.3.
  std::string ciphers;
  TLSVersion minimum_version = TLSVersion::kTLSv1_2;  // the oldest to accept
  std::optional<TLSVersion> maximum_version;          // unset: the newest

  // The protocols to negotiate, best first: {"http/1.1"}. A server that has none in common with the
  // client ignores the client's list. (ALPN, RFC 7301)
  std::vector<std::string> alpn_protocols;

  // Seconds from the connection to the end of the handshake; 0: no limit.
  core::Seconds handshake_timeout = 60;
};

namespace detail {
class Contexts;
}

// Options ready for use: the files are read once and serve many connections. A client's connections
// also share the data that resumes a session, which makes the next handshake with a host shorter. A
// handle: copies mean the same context. Any thread. (ssl.SSLContext)
class SSLContext {
 public:
  // Returns the context for clients: it trusts the system's authorities and checks everything. All
  // default-constructed contexts are the same one.
  SSLContext();
  // Reads no file before the first connection; netutil::ssl_options_to_context() reads them at
  // once.
  SSLContext(const SSLOptions& options);

  // Reads the files again for later connections; existing ones do not change. This gives a server a
  // new certificate without a restart. If there is an error in the files, throws the errors of
  // ssl_options_to_context(), and the old files stay in use.
  void reload() const;

  // Returns the options that it was made with. Valid as long as a handle exists.
  const SSLOptions& options() const noexcept;

  friend bool operator==(const SSLContext&, const SSLContext&) = default;

  // Internal: for the net room. Defined in net/tls/ssl_context.h.
  detail::Contexts& impl() const noexcept { return *contexts_; }

 private:
  std::shared_ptr<detail::Contexts> contexts_;
};

// The contents of a certificate. (SSLSocket.getpeercert)
struct Certificate {
  std::string subject;                         // "CN=example.org,O=Example" (RFC 2253)
  std::string issuer;                          // the authority that signed it, in the same form
  std::vector<std::string> subject_alt_names;  // "DNS:example.org", "IP Address:127.0.0.1"
  std::string serial_number;                   // hexadecimal
  double not_before = 0;  // valid from this time on, in seconds since the epoch
  double not_after = 0;   // and up to this time
  std::string der;        // the certificate itself
};

}  // namespace tornado::ssl
