// Internal header: which certificate a server shows to which client (SNI, RFC 6066 section 3).
#pragma once

#include "net/tls/ssl_context.h"

namespace tornado::ssl::detail {

// Makes connections of `context` go on with one of `hosts` if the client asks for a name that fits.
void choose_by_host(SSL_CTX* context, HostContexts hosts);

}  // namespace tornado::ssl::detail
