// Turns options into OpenSSL's contexts.
#include "net/tls/ssl_context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <tornado/netutil.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "net/tls/attached.h"
#include "net/tls/host_certificates.h"
#include "net/tls/session_store.h"

namespace tornado::ssl {

SSLOptions::SSLOptions() = default;

namespace detail {
namespace {

// A key exchange with the certificate's own RSA key has no forward secrecy: anybody who obtains the
// key one day can read what was recorded before.
constexpr const char* kDefaultCiphers = "DEFAULT:!kRSA";

constexpr unsigned char kSessionIdContext[] = "tornado";

[[noreturn]] void refuse(const std::string& what) {
  const std::string why = take_error_text();
  throw std::invalid_argument(why.empty() ? what : what + ": " + why);
}

void check_file(const char* option, const std::string& file) {
  if (::access(file.c_str(), R_OK) == 0) return;
  throw std::invalid_argument(std::string(option) + " \"" + file +
                              "\": " + std::generic_category().message(errno));
}

int version_number(TLSVersion version) {
  return version == TLSVersion::kTLSv1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

// Otherwise OpenSSL would ask for the password on the terminal.
int no_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) {
  return 0;
}

void set_own_certificate(SSL_CTX* context, const SSLOptions& options) {
  if (options.certfile.empty()) {
    if (!options.keyfile.empty())
      throw std::invalid_argument("ssl_options: keyfile without certfile");
    return;
  }
  const std::string& keyfile = options.keyfile.empty() ? options.certfile : options.keyfile;
  check_file("certfile", options.certfile);
  check_file("keyfile", keyfile);
  if (::SSL_CTX_use_certificate_chain_file(context, options.certfile.c_str()) != 1) {
    refuse("certfile \"" + options.certfile + "\"");
  }
  if (::SSL_CTX_use_PrivateKey_file(context, keyfile.c_str(), SSL_FILETYPE_PEM) != 1) {
    refuse("keyfile \"" + keyfile + "\"");
  }
}

void set_trust(SSL_CTX* context, const SSLOptions& options, bool server_side) {
  if (options.ca_certs.empty()) {
    if (server_side) {
      throw std::invalid_argument("ssl_options: checking clients' certificates needs ca_certs");
    }
    if (::SSL_CTX_set_default_verify_paths(context) != 1) refuse("the system's authorities");
    return;
  }
  check_file("ca_certs", options.ca_certs);
  if (::SSL_CTX_load_verify_file(context, options.ca_certs.c_str()) != 1) {
    refuse("ca_certs \"" + options.ca_certs + "\"");
  }
  if (server_side) {
    // Tells clients which authorities' certificates are accepted.
    ::SSL_CTX_set_client_CA_list(context, ::SSL_load_client_CA_file(options.ca_certs.c_str()));
  }
}

int verify_mode(CertReqs wanted) {
  switch (wanted) {
    case CertReqs::kNone:
      return SSL_VERIFY_NONE;
    case CertReqs::kOptional:
      return SSL_VERIFY_PEER;
    case CertReqs::kRequired:
      break;
  }
  return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

// Sets how each connection of a context behaves, whatever its certificate.
void set_manners(SSL_CTX* context, const SSLOptions& options) {
  ::SSL_CTX_set_min_proto_version(context, version_number(options.minimum_version));
  if (options.maximum_version) {
    ::SSL_CTX_set_max_proto_version(context, version_number(*options.maximum_version));
  }
  ::SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // An idle connection frees its buffers.
  ::SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  // Clients keep their sessions themselves, as tickets, and TlsStream decides when to send those.
  ::SSL_CTX_set_num_tickets(context, 0);
  ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_session_id_context(context, kSessionIdContext, sizeof kSessionIdContext - 1);
  ::SSL_CTX_set_default_passwd_cb(context, &no_password);
  const char* const ciphers = options.ciphers.empty() ? kDefaultCiphers : options.ciphers.c_str();
  if (::SSL_CTX_set_cipher_list(context, ciphers) != 1) {
    refuse("ssl_options: ciphers \"" + options.ciphers + "\"");
  }
}

// ---- ALPN

std::string alpn_list(const SSLOptions& options) {
  std::string list;
  for (const std::string& protocol : options.alpn_protocols) {
    if (protocol.empty() || protocol.size() > 255) {
      throw std::invalid_argument("ssl_options: an ALPN protocol must have 1 to 255 bytes");
    }
    list += static_cast<char>(protocol.size());
    list += protocol;
  }
  return list;
}

const unsigned char* bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// A server's list of protocols, kept by its context.
struct AlpnList {
  explicit AlpnList(std::string protocols) : list(std::move(protocols)) {}
  std::string list;
};

// Makes the server's choice.
int select_alpn(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_length,
                const unsigned char* theirs, unsigned their_length, void* list) {
  const std::string& ours = static_cast<const AlpnList*>(list)->list;
  unsigned char* chosen = nullptr;
  const int result = ::SSL_select_next_proto(
      &chosen, out_length, bytes(ours), static_cast<unsigned>(ours.size()), theirs, their_length);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

void set_alpn(SSL_CTX* context, const SSLOptions& options, bool server_side) {
  if (options.alpn_protocols.empty()) return;
  const std::string list = alpn_list(options);
  if (!server_side) {
    // Returns 0 for success, unlike similar functions.
    if (::SSL_CTX_set_alpn_protos(context, bytes(list), static_cast<unsigned>(list.size())) != 0) {
      refuse("ssl_options: alpn_protocols");
    }
    return;
  }
  auto& kept = Attached<AlpnList>::set(context, std::make_unique<AlpnList>(list));
  ::SSL_CTX_set_alpn_select_cb(context, &select_alpn, &kept);
}

// ---- the host a client wants

void check_host(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* const wanted = ::SSL_get0_param(ssl);
  ::X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const int set = netutil::is_valid_ip(host)
                      ? ::X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str())
                      : ::X509_VERIFY_PARAM_set1_host(wanted, host.data(), host.size());
  if (set != 1) refuse("server_hostname \"" + host + "\"");
}

}  // namespace

// ---- Contexts -----------------------------------------------------------------------------------

// At the end of the program OpenSSL cleans up, and a context freed later does not free our objects
// with it. So a context in a static variable must be destroyed before that, and therefore OpenSSL
// must be initialised before the variable is.
Contexts::Contexts(const SSLOptions& options) : options_(options) {
  ::OPENSSL_init_ssl(0, nullptr);
}

CertReqs Contexts::cert_reqs(bool server_side) const noexcept {
  if (options_.cert_reqs) return *options_.cert_reqs;
  return server_side && options_.ca_certs.empty() ? CertReqs::kNone : CertReqs::kRequired;
}

ContextPtr Contexts::make(bool server_side) const {
  ContextPtr context = make(server_side, options_);
  if (!server_side) {
    store_sessions(context.get());
  } else if (!options_.host_certificates.empty()) {
    choose_by_host(context.get(), make_hosts());
  }
  return context;
}

// The contexts of the hosts differ only in the certificate.
HostContexts Contexts::make_hosts() const {
  HostContexts hosts;
  for (const HostCertificate& host : options_.host_certificates) {
    if (host.host.empty())
      throw std::invalid_argument("ssl_options: host_certificates without host");
    SSLOptions own = options_;
    own.certfile = host.certfile;
    own.keyfile = host.keyfile;
    hosts.emplace_back(host.host, make(true, own));
  }
  return hosts;
}

ContextPtr Contexts::make(bool server_side, const SSLOptions& options) const {
  ::ERR_clear_error();
  if (server_side && options.certfile.empty()) {
    throw std::invalid_argument("missing key \"certfile\" in ssl_options");
  }
  ContextPtr owned(::SSL_CTX_new(server_side ? ::TLS_server_method() : ::TLS_client_method()));
  SSL_CTX* const context = owned.get();
  if (context == nullptr) refuse("ssl_options");
  set_manners(context, options);
  set_own_certificate(context, options);
  if (const CertReqs wanted = cert_reqs(server_side); wanted != CertReqs::kNone) {
    set_trust(context, options, server_side);
    ::SSL_CTX_set_verify(context, verify_mode(wanted), nullptr);
  }
  set_alpn(context, options, server_side);
  return owned;
}

void Contexts::prepare(bool server_side) {
  const std::lock_guard lock(mutex_);
  ContextPtr& context = contexts_[server_side];
  if (context == nullptr) context = make(server_side);
}

void Contexts::reload() {
  const std::lock_guard lock(mutex_);
  ContextPtr fresh[2];
  for (const bool server_side : {false, true}) {
    if (contexts_[server_side] != nullptr) fresh[server_side] = make(server_side);
  }
  std::swap(contexts_, fresh);
}

ConnectionPtr Contexts::connection(bool server_side, const std::string& server_hostname) {
  const bool check = !server_side && options_.check_hostname && cert_reqs(false) != CertReqs::kNone;
  // "example.org." is the same host, but certificates name it without the dot.
  std::string host = server_hostname;
  if (host.ends_with('.')) host.pop_back();
  if (check && host.empty()) {
    throw std::invalid_argument("start_tls: a client must name the server_hostname it expects");
  }
  if (host.find('\0') != std::string::npos) {
    throw std::invalid_argument("start_tls: server_hostname contains a NUL");
  }
  prepare(server_side);
  ConnectionPtr ssl;
  {
    const std::lock_guard lock(mutex_);
    ssl.reset(::SSL_new(contexts_[server_side].get()));
  }
  if (ssl == nullptr) throw std::bad_alloc();
  if (server_side) {
    ::SSL_set_accept_state(ssl.get());
    return ssl;
  }
  ::SSL_set_connect_state(ssl.get());
  if (check) check_host(ssl.get(), host);
  // An address is not a host name (RFC 6066 section 3).
  if (!host.empty() && !netutil::is_valid_ip(host) &&
      ::SSL_set_tlsext_host_name(ssl.get(), host.c_str()) != 1) {
    refuse("server_hostname \"" + host + "\"");
  }
  resume_session(ssl.get(), host);
  return ssl;
}

// ---- errors -------------------------------------------------------------------------------------

namespace {

// The newest error is the one to report. From version 3.2 OpenSSL adds to each error of a record
// that the record layer failed, which tells nobody why.
unsigned long newest_reason() {
  const unsigned long code = ::ERR_peek_last_error();
#ifdef SSL_R_RECORD_LAYER_FAILURE
  if (ERR_GET_REASON(code) == SSL_R_RECORD_LAYER_FAILURE) return ::ERR_peek_error();
#endif
  return code;
}

}  // namespace

std::string take_error_text() {
  const unsigned long code = newest_reason();
  ::ERR_clear_error();
  if (code == 0) return {};
  if (ERR_SYSTEM_ERROR(code)) return std::generic_category().message(ERR_GET_REASON(code));
  const char* const reason = ::ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(code);
}

std::exception_ptr take_failure(const SSL* ssl) {
  const bool bad_certificate =
      ERR_GET_REASON(::ERR_peek_last_error()) == SSL_R_CERTIFICATE_VERIFY_FAILED;
  std::string text = take_error_text();
  if (!bad_certificate) {
    return std::make_exception_ptr(SSLError(text.empty() ? "TLS failed" : text));
  }
  text += ": ";
  text += ::X509_verify_cert_error_string(::SSL_get_verify_result(ssl));
  return std::make_exception_ptr(SSLCertVerificationError(text));
}

}  // namespace detail

// ---- SSLContext ---------------------------------------------------------------------------------

SSLContext::SSLContext() {
  static const auto defaults = std::make_shared<detail::Contexts>(SSLOptions());
  contexts_ = defaults;
}

SSLContext::SSLContext(const SSLOptions& options)
    : contexts_(std::make_shared<detail::Contexts>(options)) {}

void SSLContext::reload() const {
  contexts_->reload();
}

const SSLOptions& SSLContext::options() const noexcept {
  return contexts_->options();
}

}  // namespace tornado::ssl

namespace tornado::netutil {

ssl::SSLContext ssl_options_to_context(const ssl::SSLOptions& options, bool server_side) {
  ssl::SSLContext context(options);
  context.impl().prepare(server_side);
  return context;
}

}  // namespace tornado::netutil
