// Public header: TCPClient, which connects to a host by name. Mirrors tornado.tcpclient.
#pragma once

#include <tornado/iostream.h>
#include <tornado/netutil.h>

#include <cstdint>
#include <memory>
#include <string>

namespace tornado::tcpclient {

struct ConnectOptions {
  ConnectOptions() {}

  netutil::Family af = netutil::Family::kUnspecified;  // only addresses of this family
  std::string source_ip;          // this machine's address to connect from; empty: any
  std::uint16_t source_port = 0;  // and the port; 0: any. Without source_ip: on loopback
  double timeout = -1;            // seconds for everything, resolving included; negative: none
  iostream::IOStreamOptions stream;
  // Set: TLS, with a certificate for `host`, unless the options say otherwise. Keep one context for
  // many connections: an SSLOptions put here is read anew for each.
  std::optional<ssl::SSLContext> ssl_options;
};

// Makes connections. (TCPClient)
class TCPClient {
 public:
  // `resolver` null: netutil::Resolver::default_resolver().
  explicit TCPClient(std::shared_ptr<netutil::Resolver> resolver = nullptr);

  // Resolves `host` and connects to its addresses one by one until one answers. If it has addresses
  // of both families, those of the second are tried as well once the first has not answered for
  // 0.3 s or has failed; the first connection made wins, the others are closed (RFC 8305, "happy
  // eyeballs"). Fails with netutil::ResolveError, with gen::TimeoutError, with the
  // StreamClosedError of the last address tried, with the ssl::SSLError of the handshake, or with
  // std::invalid_argument if the port is none or the ssl_options do not work. The client may be
  // destroyed meanwhile. (connect)
  Future<iostream::IOStream> connect(std::string host, int port, ConnectOptions options = {}) const;

 private:
  std::shared_ptr<netutil::Resolver> resolver_;
};

}  // namespace tornado::tcpclient
