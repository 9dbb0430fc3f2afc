#include "net/tls/session_store.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "net/tls/attached.h"

namespace tornado::ssl::detail {
namespace {

struct FreeSession {
  void operator()(SSL_SESSION* session) const noexcept { ::SSL_SESSION_free(session); }
};
using SessionPtr = std::unique_ptr<SSL_SESSION, FreeSession>;

// Thread-safe.
class SessionStore {
 public:
  void put(const std::string& host, SessionPtr session) {
    const std::lock_guard lock(mutex_);
    remove(host);
    if (sessions_.size() >= kMaxStoredSessions) sessions_.erase(sessions_.begin());
    sessions_.emplace_back(host, std::move(session));
  }
  // Returns the session for `host`, or null. One of TLS 1.3 is removed from the store: resuming it
  // twice would let an onlooker link the two connections (RFC 8446 C.4), and the server sends
  // another. One of TLS 1.2 stays, because the server sends no other.
  SessionPtr take(const std::string& host) {
    const std::lock_guard lock(mutex_);
    SessionPtr session = remove(host);
    if (session != nullptr && ::SSL_SESSION_get_protocol_version(session.get()) < TLS1_3_VERSION) {
      ::SSL_SESSION_up_ref(session.get());
      sessions_.emplace_back(host, SessionPtr(session.get()));
    }
    return session;
  }

 private:
  SessionPtr remove(const std::string& host) {
    const auto found = std::find_if(sessions_.begin(), sessions_.end(),
                                    [&](const auto& entry) { return entry.first == host; });
    if (found == sessions_.end()) return nullptr;
    SessionPtr session = std::move(found->second);
    sessions_.erase(found);
    return session;
  }

  std::mutex mutex_;
  std::vector<std::pair<std::string, SessionPtr>> sessions_;  // oldest first
};

// Called by OpenSSL. Returns 1 if it keeps the session, which is then ours.
int session_came(SSL* ssl, SSL_SESSION* session) {
  const char* const host = ::SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  SessionStore* const store = Attached<SessionStore>::get(::SSL_get_SSL_CTX(ssl));
  if (host == nullptr || store == nullptr) return 0;
  SessionPtr owned(session);
  try {
    store->put(host, std::move(owned));
  } catch (const std::bad_alloc&) {  // then the next handshake is a full one
  }
  return 1;
}

}  // namespace

void store_sessions(SSL_CTX* context) {
  Attached<SessionStore>::set(context, std::make_unique<SessionStore>());
  ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  ::SSL_CTX_sess_set_new_cb(context, &session_came);
}

void resume_session(SSL* ssl, const std::string& host) {
  SessionStore* const store = Attached<SessionStore>::get(::SSL_get_SSL_CTX(ssl));
  if (store == nullptr) return;
  const SessionPtr session = store->take(host);
  if (session != nullptr && ::SSL_SESSION_is_resumable(session.get()) == 1) {
    ::SSL_set_session(ssl, session.get());
  }
}

}  // namespace tornado::ssl::detail
