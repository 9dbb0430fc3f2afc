// Uses the SHA functions beneath EVP: see etag.cc.
#define OPENSSL_API_COMPAT 0x10101000L
#include "web/static/version.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <system_error>
#include <unordered_map>
#include <vector>

#include "base/text/hex.h"

namespace tornado::web::detail {
namespace {

constexpr std::size_t kMostKept = 4096;     // paths, per thread
constexpr std::size_t kPieceSize = 65'536;  // bytes read at a time
// A file may be written twice within one tick of its clock, so the versions of younger files are
// not kept.
constexpr std::time_t kTrustedAge = 2;

// Data that changes when the bytes do. Nobody can set the inode's change time.
struct Identity {
  explicit Identity(const struct stat& status)
      : device(status.st_dev),
        inode(status.st_ino),
        size(status.st_size),
        modified(status.st_mtim.tv_sec),
        modified_ns(status.st_mtim.tv_nsec),
        changed(status.st_ctim.tv_sec),
        changed_ns(status.st_ctim.tv_nsec) {}
  bool operator==(const Identity&) const = default;

  dev_t device;
  ino_t inode;
  off_t size;
  std::time_t modified;
  long modified_ns;
  std::time_t changed;
  long changed_ns;
};

struct Version {
  Identity identity;
  std::string text;
};

std::unordered_map<std::string, Version>& versions() {
  thread_local std::unordered_map<std::string, Version> of_thread;
  return of_thread;
}

using Digest = std::array<unsigned char, SHA512_DIGEST_LENGTH>;

std::string text_of(const Digest& digest) {
  return hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string hash_of(std::string_view bytes) {
  Digest digest;
  ::SHA512(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return text_of(digest);
}

std::string hash_of(const core::File& file) {
  SHA512_CTX context;
  ::SHA512_Init(&context);
  std::vector<char> piece(kPieceSize);
  for (std::uint64_t at = 0;;) {
    const auto count = file.read_at(piece.data(), piece.size(), at);
    if (count < 0) throw std::system_error(errno, std::generic_category(), "static file");
    ::SHA512_Update(&context, piece.data(), static_cast<std::size_t>(count));
    at += static_cast<std::uint64_t>(count);
    // The file may grow without end while it is read.
    if (static_cast<std::size_t>(count) < piece.size() || at > 2 * kMostHashed) break;
  }
  Digest digest;
  ::SHA512_Final(digest.data(), &context);
  return text_of(digest);
}

// Whether the hashed file is the requested one, and cannot change unnoticed.
bool can_be_kept(const StaticContent& content, const Identity& identity) {
  struct stat now{};
  if (::fstat(content.file->fileno(), &now) != 0 || Identity(now) != identity) return false;
  return identity.changed < std::time(nullptr) - kTrustedAge;
}

}  // namespace

std::string content_version(const StaticContent& content) {
  const struct stat& status = content.status;
  if (content.size() > kMostHashed) {
    return hash_of(std::to_string(status.st_size) + " " + std::to_string(status.st_mtim.tv_sec) +
                   " " + std::to_string(status.st_mtim.tv_nsec));
  }
  const Identity identity(status);
  auto& kept = versions();
  const auto found = kept.find(content.path);
  if (found != kept.end() && found->second.identity == identity) return found->second.text;
  std::string text = hash_of(*content.file);
  if (found != kept.end()) kept.erase(found);
  if (!can_be_kept(content, identity)) return text;
  if (kept.size() >= kMostKept) kept.erase(kept.begin());
  kept.emplace(content.path, Version{identity, text});
  return text;
}

void forget_version(const std::string& path) {
  versions().erase(path);
}

void forget_versions() {
  versions().clear();
}

}  // namespace tornado::web::detail
