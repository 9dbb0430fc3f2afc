// Internal header: the authority of a test program, and pairs of TLS streams.
#pragma once

#include <tornado/iostream.h>

#include <string>

#include "../net_test_tools.h"
#include "testing/authority.h"

namespace tornado::test {

using testing::Authority;
using testing::CertificateSpec;
using testing::Identity;

// The authority of this test program. Made once, because making keys takes time.
inline const Authority& authority() {
  static const Authority one;
  return one;
}
inline const Identity& localhost_identity() {
  static const Identity one = authority().issue();
  return one;
}

inline ssl::SSLOptions server_options() {
  ssl::SSLOptions options;
  options.certfile = localhost_identity().file;
  return options;
}
inline ssl::SSLOptions client_options() {
  ssl::SSLOptions options;
  options.ca_certs = authority().file();
  return options;
}

// Two ends of one connection whose handshakes have ended, well or badly.
struct TlsPair {
  Future<iostream::IOStream> server;
  Future<iostream::IOStream> client;
};

inline TlsPair shake_hands(ioloop::IOLoop& loop, const ssl::SSLContext& server,
                           const ssl::SSLContext& client, const std::string& host = "localhost") {
  const StreamPair plain = stream_pair();
  TlsPair pair{plain.server.start_tls(true, server), plain.client.start_tls(false, client, host)};
  run_until(loop, [&] { return pair.server.done() && pair.client.done(); });
  return pair;
}

// Returns what the exception says, or "" if there is none.
inline std::string message_of(const std::exception_ptr& error) {
  if (error == nullptr) return {};
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  }
}

}  // namespace tornado::test
