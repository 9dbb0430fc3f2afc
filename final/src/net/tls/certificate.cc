// Reads the peer's certificate.
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "net/tls/ssl_context.h"

namespace tornado::ssl::detail {
namespace {

struct FreeParts {
  void operator()(X509* certificate) const noexcept { ::X509_free(certificate); }
  void operator()(BIO* bio) const noexcept { ::BIO_free(bio); }
  void operator()(BIGNUM* number) const noexcept { ::BN_free(number); }
  void operator()(GENERAL_NAMES* names) const noexcept { ::GENERAL_NAMES_free(names); }
  void operator()(char* text) const noexcept { ::OPENSSL_free(text); }
};
template <class T>
using Part = std::unique_ptr<T, FreeParts>;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string name_text(const X509_NAME* name) {
  const Part<BIO> bio(::BIO_new(::BIO_s_mem()));
  if (bio == nullptr) return {};
  ::X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  return text_of(bio.get());
}

std::vector<std::string> alt_names(const X509* certificate) {
  std::vector<std::string> result;
  const Part<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      ::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const Part<BIO> bio(::BIO_new(::BIO_s_mem()));
    if (bio == nullptr) break;
    ::GENERAL_NAME_print(bio.get(), sk_GENERAL_NAME_value(names.get(), i));
    result.push_back(text_of(bio.get()));
  }
  return result;
}

double seconds(const ASN1_TIME* time) {
  tm parts{};
  return ::ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<double>(::timegm(&parts)) : 0;
}

std::string serial_number(const X509* certificate) {
  const Part<BIGNUM> number(::ASN1_INTEGER_to_BN(::X509_get0_serialNumber(certificate), nullptr));
  const Part<char> text(number != nullptr ? ::BN_bn2hex(number.get()) : nullptr);
  return text != nullptr ? text.get() : "";
}

std::string der(X509* certificate) {
  unsigned char* data = nullptr;
  const int size = ::i2d_X509(certificate, &data);
  const Part<char> owned(reinterpret_cast<char*>(data));
  return size > 0 ? std::string(owned.get(), static_cast<std::size_t>(size)) : std::string();
}

}  // namespace

std::optional<Certificate> peer_certificate(const SSL* ssl) {
  const Part<X509> certificate(::SSL_get1_peer_certificate(ssl));
  if (certificate == nullptr) return std::nullopt;
  Certificate result;
  result.subject = name_text(::X509_get_subject_name(certificate.get()));
  result.issuer = name_text(::X509_get_issuer_name(certificate.get()));
  result.subject_alt_names = alt_names(certificate.get());
  result.serial_number = serial_number(certificate.get());
  result.not_before = seconds(::X509_get0_notBefore(certificate.get()));
  result.not_after = seconds(::X509_get0_notAfter(certificate.get()));
  result.der = der(certificate.get());
  return result;
}

}  // namespace tornado::ssl::detail
