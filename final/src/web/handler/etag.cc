// Entity tags (RFC 9110 8.8.3 and 13.1.2).
// OpenSSL 3 wants digests to go through EVP, which costs more than hashing a small page. The
// functions beneath it are declared for programs that ask for the 1.1 interface.
#define OPENSSL_API_COMPAT 0x10101000L
#include <openssl/sha.h>
#include <tornado/web.h>

#include <array>

#include "base/text/hex.h"
#include "web/handler/response.h"

namespace tornado::web {
namespace {

std::array<unsigned char, SHA_DIGEST_LENGTH> sha1(std::string_view data) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA_CTX context;
  SHA1_Init(&context);
  SHA1_Update(&context, data.data(), data.size());
  SHA1_Final(digest.data(), &context);
  return digest;
}

std::string_view without_weak_prefix(std::string_view tag) {
  return tag.starts_with("W/") ? tag.substr(2) : tag;
}

using Tag = std::array<char, 2 * SHA_DIGEST_LENGTH + 2>;

Tag quoted_sha1(std::string_view data) {
  const auto digest = sha1(data);
  Tag tag;
  tag.front() = '"';
  *write_hex(digest.data(), digest.size(), tag.data() + 1) = '"';
  return tag;
}

}  // namespace

std::optional<std::string> RequestHandler::compute_etag() const {
  const Tag tag = quoted_sha1(response_ != nullptr ? response_->body : std::string());
  return std::string(tag.data(), tag.size());
}

void RequestHandler::set_etag_header() {
  Response& response = this->response();
  if (response.headers.contains("Etag")) return;
  if (handler_class_->usual_etag) {  // without allocating the string
    const Tag tag = quoted_sha1(response.body);
    response.headers.add_known("Etag", {tag.data(), tag.size()});
  } else if (const auto tag = compute_etag()) {
    response.headers.add_known("Etag", *tag);
  }
}

bool RequestHandler::check_etag_header() const {
  if (!request.headers.contains("If-None-Match")) return false;
  const auto own = headers().find("Etag");
  if (!own || own->empty()) return false;
  const std::string wanted = request.headers.get("If-None-Match");
  std::string_view rest = wanted;
  const auto first = rest.find_first_not_of(" \t,");
  if (first != std::string_view::npos && rest[first] == '*') return true;
  // Weak comparison: tags are equal if their opaque parts are.
  const std::string_view tag = without_weak_prefix(*own);
  for (auto open = rest.find('"'); open != std::string_view::npos; open = rest.find('"')) {
    const auto close = rest.find('"', open + 1);
    if (close == std::string_view::npos) return false;
    if (rest.substr(open, close - open + 1) == tag) return true;
    rest.remove_prefix(close + 1);
  }
  return false;
}

}  // namespace tornado::web
