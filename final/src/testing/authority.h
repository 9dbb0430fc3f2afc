// Internal header: a certificate authority, and certificates made for one run of a test program.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

namespace tornado::testing {

struct CertificateSpec {
  CertificateSpec() {}
  std::string common_name = "localhost";
  std::string alt_names = "DNS:localhost,IP:127.0.0.1";  // empty: none
  long valid_from = -3600;                               // seconds from now
  long valid_until = 3600;
};

struct FreeOpenSsl {
  void operator()(EVP_PKEY* key) const;
  void operator()(X509* certificate) const;
};

// A key with its certificate, and the file (PEM) that has both.
struct Identity {
  std::unique_ptr<EVP_PKEY, FreeOpenSsl> key;
  std::unique_ptr<X509, FreeOpenSsl> certificate;
  std::string file;
};

// Signs certificates; its own is in `file()`. Deletes the files when destroyed. A failed call of
// OpenSSL or of the system throws std::runtime_error.
class Authority {
 public:
  explicit Authority(const std::string& name = "Test Authority");
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;
  ~Authority();

  const std::string& file() const { return own_.file; }
  Identity issue(const CertificateSpec& spec = {}) const { return make(spec, &own_); }
  // Makes a certificate that nobody else has signed.
  Identity self_signed(const CertificateSpec& spec = {}) const { return make(spec, nullptr); }

  // Returns a path in the folder of the files.
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  // Writes key and certificate into one file. With a password, the key is encrypted.
  static void save(const Identity& identity, const std::string& file,
                   const char* password = nullptr);

 private:
  Identity make(const CertificateSpec& spec, const Identity* issuer) const;

  std::string folder_;
  mutable int serial_ = 0;
  Identity own_;
};

}  // namespace tornado::testing
