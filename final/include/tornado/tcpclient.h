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
  std::uint16_t source_port = 0;  // the local port; 0: any. Without source_ip: on loopback
  core::Seconds timeout = -1;     // seconds in all, including name resolution; negative: no limit
  iostream::IOStreamOptions stream;  // of the connection: the sizes of its buffers
  // If set, connects with TLS; the certificate must be valid for `host`, unless the options say
  // otherwise. For many connections keep one context: an SSLOptions put here is read again for
  // each.
  std::optional<ssl::SSLContext> ssl_options;
};

// Makes connections. (TCPClient)
class TCPClient {
 public:
  // Uses `resolver`, or netutil::Resolver::default_resolver() if it is null.
  explicit TCPClient(std::shared_ptr<netutil::Resolver> resolver = nullptr);

  // Resolves `host` and connects to its addresses one by one until one succeeds. If it has
  // addresses of both families, those of the second are tried too once the first has failed or has
  // not succeeded within 0.3 s. The first connection wins and the others are closed (RFC 8305,
  // "happy eyeballs"). Fails with netutil::ResolveError, gen::TimeoutError, the StreamClosedError
  // of the last address tried, the ssl::SSLError of the handshake, or std::invalid_argument if the
  // port is out of range or the ssl_options do not work. The client may be destroyed in the
  // meantime. (connect)
  Future<iostream::IOStream> connect(std::string host, int port, ConnectOptions options = {}) const;

 private:
  std::shared_ptr<netutil::Resolver> resolver_;
};

}  // namespace tornado::tcpclient
