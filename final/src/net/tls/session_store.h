// Internal header: TLS sessions that a client may resume (RFC 8446 2.2).
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <string>

namespace tornado::ssl::detail {

inline constexpr std::size_t kMaxStoredSessions = 100;

// From now on the connections of a client's `context` leave their sessions with it: the last one of
// each host that was asked for by name, for the kMaxStoredSessions hosts heard from last. What a
// session was checked against belongs to the context, so none is resumed under weaker or other
// terms.
void store_sessions(SSL_CTX* context);
// Lets `ssl`, a fresh connection to `host`, go on with a stored session, if there is one.
void resume_session(SSL* ssl, const std::string& host);

}  // namespace tornado::ssl::detail
