// Public header: how to speak TLS: options, contexts, errors, certificates. What Tornado takes from
// Python's ssl module; the streams are in iostream.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tornado::ssl {

// TLS went wrong: the peer does not speak it, refuses us, or is not to be trusted. Comes out of a
// handshake, or as real_error of a StreamClosedError. (ssl.SSLError)
class SSLError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The peer's certificate is expired, made out to somebody else, or by nobody we trust. The text
// says which. (ssl.SSLCertVerificationError)
class SSLCertVerificationError : public SSLError {
 public:
  using SSLError::SSLError;
};

// The connection ended without TLS's own sign of the end: somebody may have cut off what was to
// come. (ssl.SSLEOFError)
class SSLEOFError : public SSLError {
 public:
  SSLEOFError() : SSLError("the connection ended in violation of TLS") {}
};

// What is asked of the peer's certificate. (ssl.CERT_NONE, ...)
enum class CertReqs : std::uint8_t {
  kNone,      // nothing: a client then talks to whoever answers
  kOptional,  // it may be missing; if it is there, it must be good
  kRequired,
};

enum class TLSVersion : std::uint8_t { kTLSv1_2, kTLSv1_3 };

// A server's certificate for a host name, "example.org", or for all names of one label more,
// "*.example.org". Files as in SSLOptions.
struct HostCertificate {
  HostCertificate(std::string host_name, std::string certificate_file, std::string key_file = {})
      : host(std::move(host_name)),
        certfile(std::move(certificate_file)),
        keyfile(std::move(key_file)) {}

  std::string host;
  std::string certfile;
  std::string keyfile;
};

// The ssl_options of servers and clients. Files are PEM. No TLS below 1.2, no compression, no
// renegotiation.
struct SSLOptions {
  SSLOptions();

  // Our certificate, with those of the authorities between it and a root behind it, and its key,
  // which may be in the same file. A server must have them. The key must not be encrypted.
  std::string certfile;
  std::string keyfile;
  // A server's further certificates, by the host that the client asks for (SNI, RFC 6066 3). A
  // whole name goes before one with "*"; who asks for none of them gets certfile. (sni_callback)
  std::vector<HostCertificate> host_certificates;

  // Unset: a client requires a certificate; a server does if it has ca_certs.
  std::optional<CertReqs> cert_reqs;
  // The authorities to trust. Empty: a client trusts those of the system; a server that asks for
  // certificates must name some.
  std::string ca_certs;
  // A client checks that the certificate is for the host it wants, by name or IP address. Means
  // nothing with CertReqs::kNone.
  bool check_hostname = true;

  // For TLS 1.2, in OpenSSL's notation; empty: its defaults without those that exchange keys by RSA
  // alone, which have no forward secrecy. TLS 1.3's need no choice.
  std::string ciphers;
  TLSVersion minimum_version = TLSVersion::kTLSv1_2;
  std::optional<TLSVersion> maximum_version;  // unset: the newest

  // Protocols to agree on, best first: {"http/1.1"}. A server without a common one ignores the
  // client's. (ALPN, RFC 7301)
  std::vector<std::string> alpn_protocols;

  // Seconds from the connection to the end of the handshake; 0: no limit.
  double handshake_timeout = 60;
};

namespace detail {
class Contexts;
}

// Options, made ready for use: the files are read once and serve many connections. A client's
// connections also share what they need to resume a session: a second handshake with a host is
// shorter. A handle: copies mean the same one. Any thread. (ssl.SSLContext)
class SSLContext {
 public:
  // For clients: the system's authorities are trusted, everything is checked. All of them are the
  // same one.
  SSLContext();
  // Nothing is read before the first connection; netutil::ssl_options_to_context() does it at once.
  SSLContext(const SSLOptions& options);

  // Reads the files again, for the connections to come; those there are stay as they are. So a
  // server gets a new certificate without a restart. If something is wrong with the files, throws
  // what ssl_options_to_context() throws, and the old ones stay in use.
  void reload() const;

  const SSLOptions& options() const noexcept;

  friend bool operator==(const SSLContext&, const SSLContext&) = default;

  // Internal: for the net room. Defined in net/tls/ssl_context.h.
  detail::Contexts& impl() const noexcept { return *contexts_; }

 private:
  std::shared_ptr<detail::Contexts> contexts_;
};

// What a certificate says. (SSLSocket.getpeercert)
struct Certificate {
  std::string subject;  // "CN=example.org,O=Example" (RFC 2253)
  std::string issuer;
  std::vector<std::string> subject_alt_names;  // "DNS:example.org", "IP Address:127.0.0.1"
  std::string serial_number;                   // hexadecimal
  double not_before = 0;                       // seconds since the epoch
  double not_after = 0;
  std::string der;  // the certificate itself
};

}  // namespace tornado::ssl
