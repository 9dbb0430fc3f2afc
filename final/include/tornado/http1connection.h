// Public header. How HTTP/1.x runs over a stream: the limits and timeouts of a connection. Mirrors
// tornado.http1connection.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tornado::http1connection {

// What a server allows on each connection. Sizes are bytes, times are seconds; 0 turns a time limit
// off. The defaults are Tornado's but for header_timeout, body_stall_timeout, min_body_rate and
// write_timeout, which Tornado lacks or sets to an hour: a client that sends a byte now and then,
// or reads none, could hold a connection for ever.
struct HTTP1ConnectionParameters {
  HTTP1ConnectionParameters() {}

  bool no_keep_alive = false;            // close after each response
  std::size_t chunk_size = 65536;        // the largest piece a body is handed on in
  std::size_t max_header_size = 65536;   // start line and fields of a head, its empty line included
  std::size_t max_header_fields = 1000;  // fields of a head, repeats counted
  std::uint64_t max_body_size = 104857600;  // of a request, as sent
  // From one exchange to the first byte of the next, and up to a 64th more. If it is shorter than
  // header_timeout, also from the accept to the first byte.
  double idle_connection_timeout = 3600;
  // From a head's first byte to its last; for the first head of a connection, from the accept, so
  // that a client that never sends a byte is not idle for an hour. The time of a TLS handshake
  // counts.
  double header_timeout = 60;
  double body_timeout = 0;         // for a whole body
  double body_stall_timeout = 60;  // without a byte of a body that is not complete
  // Bytes a second, averaged over each minute of a body; 0: any rate. Slower bodies are closed. The
  // time in which the program holds the body back does not count.
  std::uint64_t min_body_rate = 240;
  // Without the client's machine taking a byte of the output that waits for it, and up to as much
  // time again. Counts in every state: a response under way, a file, responses to pipelined
  // requests, the last response before the end, a WebSocket. The connection is closed, which is
  // logged once, at info.
  double write_timeout = 60;
};

}  // namespace tornado::http1connection
