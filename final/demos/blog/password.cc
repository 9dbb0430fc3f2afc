#include "password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <stdexcept>
#include <string_view>

namespace blog {
namespace {

// Parameters that OWASP's cheat sheet considers sufficient: 16 MiB, r = 8, p = 5.
constexpr std::uint64_t kCost = 1 << 14;
constexpr std::uint64_t kBlockSize = 8;
constexpr std::uint64_t kParallel = 5;
constexpr std::uint64_t kMostMemory = 64 << 20;
constexpr std::size_t kBytes = 16;  // of a salt and of an id

constexpr std::string_view kPrefix = "scrypt$";

std::string hex(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

// The salt is used in the text form in which it is stored.
std::string hash(const std::string& password, std::string_view salt) {
  std::array<unsigned char, 32> key;
  if (::EVP_PBE_scrypt(password.data(), password.size(),
                       reinterpret_cast<const unsigned char*>(salt.data()), salt.size(), kCost,
                       kBlockSize, kParallel, kMostMemory, key.data(), key.size()) != 1) {
    throw std::runtime_error("OpenSSL cannot hash a password");
  }
  return std::string(kPrefix) + std::string(salt) + "$" + hex(key.data(), key.size());
}

}  // namespace

std::string random_id() {
  std::array<unsigned char, kBytes> bytes;
  if (::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw std::runtime_error("OpenSSL cannot make random bytes");
  }
  return hex(bytes.data(), bytes.size());
}

std::string hash_password(const std::string& password) {
  return hash(password, random_id());
}

bool is_password(const std::string& password, const std::string& stored) {
  if (!stored.starts_with(kPrefix)) return false;
  const std::string_view rest = std::string_view(stored).substr(kPrefix.size());
  const std::string computed = hash(password, rest.substr(0, rest.find('$')));
  return computed.size() == stored.size() &&
         ::CRYPTO_memcmp(computed.data(), stored.data(), stored.size()) == 0;
}

}  // namespace blog
