// Internal header. Random bytes, and what OpenSSL makes of bytes. All throw std::runtime_error if
// OpenSSL cannot.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tornado::web {

// Nobody can guess them.
std::string random_bytes(std::size_t size);

// RFC 2104; 20 and 32 bytes.
std::string hmac_sha1(std::string_view key, std::string_view text);
std::string hmac_sha256(std::string_view key, std::string_view text);
// 32 bytes.
std::string sha256(std::string_view text);

// Takes the same time wherever the first difference is.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace tornado::web
