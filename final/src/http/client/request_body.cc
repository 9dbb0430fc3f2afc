#include "http/client/request_body.h"

#include "http/message/chunked.h"
#include "loop/settled.h"
#include "net/stream/stream.h"

namespace tornado::http {

Future<void> RequestBody::write(std::string chunk) {
  if (!attached() || stream_.closed()) return core::failed_quietly(iostream::StreamClosedError());
  if (framing_.coding == BodyCoding::kLength && chunk.size() > left_) {
    return core::failed_quietly(
        httputil::HTTPOutputError("Tried to write more data than Content-Length"));
  }
  return write_now(std::move(chunk));
}

Future<void> RequestBody::write_now(std::string chunk) {
  auto& stream = stream_.impl();
  if (framing_.coding == BodyCoding::kLength) {
    left_ -= chunk.size();
    stream.send(std::move(chunk));
  } else if (!chunk.empty()) {
    append_chunk(stream.output(), chunk);
  }
  if (stream.pending_output() > kHighWater) return stream.flushed();
  return core::completed();
}

void RequestBody::finish() {
  if (framing_.coding == BodyCoding::kLength && left_ > 0) {
    throw httputil::HTTPOutputError("Tried to write less data than Content-Length");
  }
  if (framing_.coding == BodyCoding::kChunked) stream_.impl().output().append(kLastChunk);
}

}  // namespace tornado::http
