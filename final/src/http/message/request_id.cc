#include "http/message/request_id.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/text/ascii.h"
#include "base/text/hex.h"

namespace tornado::http {
namespace {

constexpr std::size_t kMaxSize = 128;

constexpr bool is_id_character(char c) {
  return is_alnum(c) || std::string_view("-._~+/=:@").find(c) != std::string_view::npos;
}

}  // namespace

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= kMaxSize &&
         std::all_of(text.begin(), text.end(), is_id_character);
}

std::string new_request_id() {
  std::array<unsigned char, 16> bytes;
  if (::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw std::runtime_error("no random bytes for the id of a request");
  }
  std::string id(2 * bytes.size(), '\0');
  write_hex(bytes.data(), bytes.size(), id.data());
  return id;
}

}  // namespace tornado::http
