// Entity tags (RFC 9110 8.8.3 and 13.1.2).
#include <openssl/evp.h>
#include <tornado/web.h>

#include <array>
#include <memory>

namespace tornado::web {
namespace {

// One context for the thread: making one costs more than hashing a small page.
class Sha1 {
 public:
  static constexpr std::size_t kSize = 20;

  void digest(std::string_view data, unsigned char* out) {
    EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr);
    EVP_DigestUpdate(context_.get(), data.data(), data.size());
    EVP_DigestFinal_ex(context_.get(), out, nullptr);
  }

 private:
  std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> algorithm_{EVP_MD_fetch(nullptr, "SHA1", nullptr),
                                                             &EVP_MD_free};
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(),
                                                                   &EVP_MD_CTX_free};
};

std::string_view without_weak_prefix(std::string_view tag) {
  return tag.starts_with("W/") ? tag.substr(2) : tag;
}

}  // namespace

std::optional<std::string> RequestHandler::compute_etag() const {
  static thread_local Sha1 sha1;
  std::array<unsigned char, Sha1::kSize> digest;
  sha1.digest(write_buffer_, digest.data());
  std::string tag(2 * digest.size() + 2, '"');
  for (std::size_t i = 0; i < digest.size(); ++i) {
    tag[2 * i + 1] = "0123456789abcdef"[digest[i] >> 4];
    tag[2 * i + 2] = "0123456789abcdef"[digest[i] & 15];
  }
  return tag;
}

void RequestHandler::set_etag_header() {
  if (headers_.contains("Etag")) return;
  if (const auto tag = compute_etag()) set_header("Etag", *tag);
}

bool RequestHandler::check_etag_header() const {
  const auto own = headers_.find("Etag");
  if (!own || own->empty() || !request.headers.contains("If-None-Match")) return false;
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
