// Internal header. Random bytes, hashes and comparisons, by OpenSSL. All functions throw
// std::runtime_error if OpenSSL fails.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tornado::web {

// Returns unpredictable bytes.
std::string random_bytes(std::size_t size);

// Return the HMAC (RFC 2104), of 20 and 32 bytes.
std::string hmac_sha1(std::string_view key, std::string_view text);
std::string hmac_sha256(std::string_view key, std::string_view text);
// Returns the hash, of 32 bytes.
std::string sha256(std::string_view text);

// Compares in constant time, wherever the first difference is.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace tornado::web
