#include "testing/authority.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <stdexcept>

namespace tornado::testing {
namespace {

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("a certificate for a test: ") + what);
}

void add_extension(X509* certificate, X509* issuer, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = ::X509V3_EXT_conf_nid(nullptr, &context, id, value);
  require(extension != nullptr, value);
  const bool added = ::X509_add_ext(certificate, extension, -1) == 1;
  ::X509_EXTENSION_free(extension);
  require(added, value);
}

std::string make_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tornado-XXXXXX").string();
  require(::mkdtemp(pattern.data()) != nullptr, "no temporary folder");
  return pattern;
}

CertificateSpec own_spec(const std::string& name) {
  CertificateSpec spec;
  spec.common_name = name;
  spec.alt_names.clear();
  return spec;
}

}  // namespace

void FreeOpenSsl::operator()(EVP_PKEY* key) const {
  ::EVP_PKEY_free(key);
}
void FreeOpenSsl::operator()(X509* certificate) const {
  ::X509_free(certificate);
}

Authority::Authority(const std::string& name)
    : folder_(make_folder()), own_(make(own_spec(name), nullptr)) {}

Authority::~Authority() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

// A certificate without an issuer signs itself. If it has no names either, it is an authority.
Identity Authority::make(const CertificateSpec& spec, const Identity* issuer) const {
  Identity made;
  made.key.reset(::EVP_EC_gen("P-256"));
  made.certificate.reset(::X509_new());
  require(made.key != nullptr && made.certificate != nullptr, "no key");
  X509* const certificate = made.certificate.get();
  ::X509_set_version(certificate, 2);
  ::ASN1_INTEGER_set(::X509_get_serialNumber(certificate), ++serial_);
  ::X509_gmtime_adj(::X509_getm_notBefore(certificate), spec.valid_from);
  ::X509_gmtime_adj(::X509_getm_notAfter(certificate), spec.valid_until);
  ::X509_set_pubkey(certificate, made.key.get());
  X509_NAME* const name = ::X509_get_subject_name(certificate);
  ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(spec.common_name.c_str()), -1,
                               -1, 0);
  X509* const signer = issuer != nullptr ? issuer->certificate.get() : certificate;
  ::X509_set_issuer_name(certificate, ::X509_get_subject_name(signer));
  const bool is_authority = issuer == nullptr && spec.alt_names.empty();
  add_extension(certificate, signer, NID_basic_constraints,
                is_authority ? "critical,CA:TRUE" : "CA:FALSE");
  add_extension(certificate, signer, NID_subject_key_identifier, "hash");
  if (!spec.alt_names.empty()) {
    add_extension(certificate, signer, NID_subject_alt_name, spec.alt_names.c_str());
  }
  EVP_PKEY* const signing_key = issuer != nullptr ? issuer->key.get() : made.key.get();
  require(::X509_sign(certificate, signing_key, ::EVP_sha256()) > 0, "not signed");
  made.file = path(std::to_string(serial_) + ".pem");
  save(made, made.file);
  return made;
}

void Authority::save(const Identity& identity, const std::string& file, const char* password) {
  struct Close {
    void operator()(std::FILE* open) const { std::fclose(open); }
  };
  const std::unique_ptr<std::FILE, Close> out(std::fopen(file.c_str(), "w"));
  require(out != nullptr, file.c_str());
  const EVP_CIPHER* const cipher = password != nullptr ? ::EVP_aes_128_cbc() : nullptr;
  const bool written = ::PEM_write_PrivateKey(out.get(), identity.key.get(), cipher, nullptr, 0,
                                              nullptr, const_cast<char*>(password)) == 1 &&
                       ::PEM_write_X509(out.get(), identity.certificate.get()) == 1;
  require(written && std::fflush(out.get()) == 0, file.c_str());
}

}  // namespace tornado::testing
