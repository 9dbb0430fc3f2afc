// Internal header: authorities and certificates made for one test run, and pairs of TLS streams.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <tornado/iostream.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../base/temporary_folder.h"
#include "net_test_tools.h"

namespace tornado::test {

struct FreeOpenSsl {
  void operator()(EVP_PKEY* key) const { ::EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { ::X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { ::X509_EXTENSION_free(extension); }
  void operator()(std::FILE* file) const { std::fclose(file); }
};
template <class T>
using Held = std::unique_ptr<T, FreeOpenSsl>;

struct CertificateSpec {
  CertificateSpec() {}
  std::string common_name = "localhost";
  std::string alt_names = "DNS:localhost,IP:127.0.0.1";  // empty: none
  long valid_from = -3600;                               // seconds from now
  long valid_until = 3600;
};

// A key with a certificate, and the file both are in.
struct Identity {
  Held<EVP_PKEY> key;
  Held<X509> certificate;
  std::string file;
};

// Signs certificates; its own stands in `file()`.
class Authority {
 public:
  explicit Authority(const std::string& name = "Test Authority") {
    CertificateSpec spec;
    spec.common_name = name;
    spec.alt_names.clear();
    own_ = make(spec, nullptr);
  }

  const std::string& file() const { return own_.file; }
  Identity issue(const CertificateSpec& spec = {}) const { return make(spec, &own_); }
  // A path in the folder of the files.
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }

 private:
  // Without an issuer it signs itself.
  Identity make(const CertificateSpec& spec, const Identity* issuer) const {
    Identity made;
    made.key.reset(::EVP_EC_gen("P-256"));
    made.certificate.reset(::X509_new());
    X509* const certificate = made.certificate.get();
    ::X509_set_version(certificate, 2);
    ::ASN1_INTEGER_set(::X509_get_serialNumber(certificate), ++serial_);
    ::X509_gmtime_adj(::X509_getm_notBefore(certificate), spec.valid_from);
    ::X509_gmtime_adj(::X509_getm_notAfter(certificate), spec.valid_until);
    ::X509_set_pubkey(certificate, made.key.get());
    X509_NAME* const name = ::X509_get_subject_name(certificate);
    ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(spec.common_name.c_str()),
                                 -1, -1, 0);
    X509* const signer = issuer != nullptr ? issuer->certificate.get() : certificate;
    ::X509_set_issuer_name(certificate, ::X509_get_subject_name(signer));
    add_extension(certificate, signer, NID_basic_constraints,
                  issuer == nullptr && spec.alt_names.empty() ? "critical,CA:TRUE" : "CA:FALSE");
    add_extension(certificate, signer, NID_subject_key_identifier, "hash");
    if (!spec.alt_names.empty()) {
      add_extension(certificate, signer, NID_subject_alt_name, spec.alt_names.c_str());
    }
    EVP_PKEY* const signing_key = issuer != nullptr ? issuer->key.get() : made.key.get();
    EXPECT_GT(::X509_sign(certificate, signing_key, ::EVP_sha256()), 0);
    made.file = path(std::to_string(serial_) + ".pem");
    save(made, made.file);
    return made;
  }

  static void add_extension(X509* certificate, X509* issuer, int id, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const Held<X509_EXTENSION> extension(::X509V3_EXT_conf_nid(nullptr, &context, id, value));
    ASSERT_NE(extension, nullptr) << value;
    ::X509_add_ext(certificate, extension.get(), -1);
  }

 public:
  // Key and certificate in one file; with a password the key is encrypted.
  static void save(const Identity& identity, const std::string& file,
                   const char* password = nullptr) {
    const Held<std::FILE> out(std::fopen(file.c_str(), "w"));
    ASSERT_NE(out, nullptr);
    ::PEM_write_PrivateKey(out.get(), identity.key.get(),
                           password != nullptr ? ::EVP_aes_128_cbc() : nullptr, nullptr, 0, nullptr,
                           const_cast<char*>(password));
    ::PEM_write_X509(out.get(), identity.certificate.get());
  }
  // One that nobody else has signed.
  Identity self_signed(const CertificateSpec& spec = {}) const { return make(spec, nullptr); }

 private:
  testing::TemporaryFolder folder_;
  mutable int serial_ = 0;
  Identity own_;
};

// The authority of this test program: made once, keys take time.
inline const Authority& authority() {
  static const Authority one;
  return one;
}
inline const Identity& localhost_identity() {
  static const Identity one = authority().issue();
  return one;
}

inline ssl::SSLOptions server_options() {
  ssl::SSLOptions options;
  options.certfile = localhost_identity().file;
  return options;
}
inline ssl::SSLOptions client_options() {
  ssl::SSLOptions options;
  options.ca_certs = authority().file();
  return options;
}

// Two ends of one connection whose handshakes have come to an end, good or bad.
struct TlsPair {
  Future<iostream::IOStream> server;
  Future<iostream::IOStream> client;
};

inline TlsPair shake_hands(ioloop::IOLoop& loop, const ssl::SSLContext& server,
                           const ssl::SSLContext& client, const std::string& host = "localhost") {
  const StreamPair plain = stream_pair();
  TlsPair pair{plain.server.start_tls(true, server), plain.client.start_tls(false, client, host)};
  run_until(loop, [&] { return pair.server.done() && pair.client.done(); });
  return pair;
}

// What the exception says; "" if there is none.
inline std::string message_of(const std::exception_ptr& error) {
  if (error == nullptr) return {};
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  }
}

}  // namespace tornado::test
