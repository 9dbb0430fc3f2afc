// Internal header: TLS sessions that a client may resume (RFC 8446 section 2.2).
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <string>

namespace tornado::ssl::detail {

inline constexpr std::size_t kMaxStoredSessions = 100;

// From now on, connections of a client's `context` store their sessions in it: the last one of each
// host that was asked for by name, for the kMaxStoredSessions hosts heard from last. The terms that
// a session was checked against belong to the context, so none is resumed under weaker or other
// terms.
void store_sessions(SSL_CTX* context);
// Makes `ssl`, a fresh connection to `host`, resume a stored session if there is one.
void resume_session(SSL* ssl, const std::string& host);

}  // namespace tornado::ssl::detail
