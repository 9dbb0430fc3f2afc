// Public header. How HTTP/1.x runs over a stream: the limits and timeouts of a connection. Mirrors
// tornado.http1connection.
#pragma once

#include <tornado/core/seconds.h>

#include <cstddef>
#include <cstdint>

namespace tornado::http1connection {

// Limits of each connection of a server. Sizes are bytes, times are seconds; 0 turns a time limit
// off. The defaults are Tornado's, except header_timeout, body_stall_timeout, min_body_rate and
// write_timeout, which Tornado lacks or sets to an hour. Without them, a client that sends a byte
// now and then, or reads nothing, could hold a connection for ever.
struct HTTP1ConnectionParameters {
  HTTP1ConnectionParameters() {}

  bool no_keep_alive = false;      // close after each response
  std::size_t chunk_size = 65536;  // largest piece in which a body is delivered
  // Start line, fields and empty line of a head. If the limit ends within the request target, the
  // request gets a 414, otherwise a 431. With these and the next two statuses, a web::Application
  // sends its error page: see HTTPMessageDelegate::refuse().
  std::size_t max_header_size = 65536;
  // Fields of a head, including repeats; more of them get a 431.
  std::size_t max_header_fields = 1000;
  // Limits a request's body as sent and, if the server decompresses it, also as decompressed. A
  // longer one gets a 413.
  std::uint64_t max_body_size = 104857600;
  // Time from one exchange to the first byte of the next; it ends up to a 64th later. If it is
  // shorter than header_timeout, it also limits the time from the accept to the first byte.
  core::Seconds idle_connection_timeout = 3600;
  // Time from a head's first byte to its last. For the first head of a connection it starts at the
  // accept, and includes a TLS handshake, so that a client that never sends a byte does not stay
  // for an hour.
  core::Seconds header_timeout = 60;
  core::Seconds body_timeout = 0;         // until a whole body has arrived
  core::Seconds body_stall_timeout = 60;  // without receiving a byte of an unfinished body
  // Bytes per second, averaged over each minute of a body; 0: any rate. A slower connection is
  // closed. Time in which the program itself pauses the body does not count.
  std::uint64_t min_body_rate = 240;
  // If the client's machine accepts no byte of waiting output for this time, the connection is
  // closed, which can take up to twice as long and is logged once, at info. Counts in every state:
  // a response in progress, a file, responses to pipelined requests, the last response before the
  // close, a WebSocket.
  core::Seconds write_timeout = 60;
};

}  // namespace tornado::http1connection
