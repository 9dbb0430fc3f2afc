// Internal header. Signatures of OAuth 1.0a (RFC 5849 3.4 to 3.6), as pure functions of text.
#pragma once

#include <tornado/auth.h>

#include <string>
#include <string_view>

namespace tornado::auth {

// Everything but letters, digits and "-._~" (3.6).
std::string oauth_escape(std::string_view text);

// What is signed (3.4.1). `parameters` are those of the Authorization field, but realm and
// signature, and of the form; those of the url's query are added here. Throws
// std::invalid_argument if `url` is not one of http or https.
std::string signature_base_string(std::string_view method, std::string_view url,
                                  const Parameters& parameters);

// "HMAC-SHA1" (3.4.2), in base64. `token_secret` is empty if there is no token yet.
std::string hmac_sha1_signature(std::string_view base_string, std::string_view consumer_secret,
                                std::string_view token_secret);

// An Authorization field's value (3.5.1).
std::string oauth_authorization(const Parameters& parameters);

}  // namespace tornado::auth
