// Internal header. Signatures of OAuth 1.0a (RFC 5849 3.4 to 3.6), as pure functions of text.
#pragma once

#include <tornado/auth.h>

#include <string>
#include <string_view>

namespace tornado::auth {

// Percent-encodes everything but letters, digits and "-._~" (3.6).
std::string oauth_escape(std::string_view text);

// Returns the text to sign (3.4.1). `parameters` are those of the Authorization field, except realm
// and signature, and those of the form; the ones in the url's query are added here. Throws
// std::invalid_argument if `url` is not an http or https URL.
std::string signature_base_string(std::string_view method, std::string_view url,
                                  const Parameters& parameters);

// Returns the "HMAC-SHA1" signature (3.4.2), in base64. `token_secret` is empty if there is no
// token yet.
std::string hmac_sha1_signature(std::string_view base_string, std::string_view consumer_secret,
                                std::string_view token_secret);

// Returns the value of an Authorization field (3.5.1).
std::string oauth_authorization(const Parameters& parameters);

}  // namespace tornado::auth
