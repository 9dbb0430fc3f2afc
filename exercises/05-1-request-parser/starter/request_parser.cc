#include "05-http/request_parser.h"

#include <algorithm>
#include <utility>

#include "05-http/text.h"

namespace mini {
namespace {

constexpr std::size_t kMaxChunkLine = 4096;  // bytes: a size, and extensions that we ignore
// Returns whether a request line may have this target. A target with a space or a control character
// would reach the logs, and every request that is built from this one.
bool is_target(std::string_view target) {
  // Milestone 1: which characters may a target not have?
  return false;
}
// "GET /path HTTP/1.1": three words, with one space between them.
int parse_request_line(std::string_view line, RequestData& request) {
  // Milestone 1: three words. Return 0, or the status to refuse it with.
  return 400;
}

}  // namespace

std::string RequestData::query() const {
  // Milestone 1: what follows the first '?'.
  return "";
}

bool RequestData::keep_alive() const {
  // Milestone 1: what did the client say, and what does its version mean?
  return false;
}
int parse_request_head(std::string_view head, RequestData& request) {
  // Milestone 1: the request line, the fields, and how many hosts.
  return 400;
}
// Decides how to find the end of the body (RFC 9112 6.3). If the head names two ways, two servers
// may take one each and disagree about where the next request begins, so it is refused.
int RequestParser::find_body() {
  // Milestone 3: which of the two ways does the head name? Until then, there is no body:
  state_ = State::kBody;
  return 0;
}
std::optional<RequestData> RequestParser::next() {
  // Milestone 2: advance() until a request is complete, and begin anew.
  return std::nullopt;
}

// Runs one state. Returns false if it needs more bytes, or has refused.
bool RequestParser::advance() {
  switch (state_) {
    case State::kHead:
      return read_head();
    case State::kBody:
      return read_body();
    case State::kChunkSize:
      return read_chunk_size();
    case State::kChunk:
      return read_chunk();
    case State::kChunkEnd:
      return read_chunk_end();
    case State::kTrailer:
      return read_trailer();
    case State::kDone:
      break;
  }
  return false;
}

bool RequestParser::refuse(int status) {
  refusal_ = status;
  return false;
}
bool RequestParser::read_head() {
  // Milestone 2: search on from searched_; take the head, and nothing after it.
  return false;
}
// Moves what has arrived of the body, or of a chunk, into it. Returns whether that was all.
bool RequestParser::take_missing() {
  // Milestone 3: move what has arrived of it. Until then:
  return true;
}

bool RequestParser::read_body() {
  // Milestone 3: done once nothing is missing. Until then:
  state_ = State::kDone;
  return true;
}

// Returns the next line and leaves it in waiting_: the caller drops it. Nothing if its end has not
// arrived, or if it has more than `limit` bytes, which is refused.
std::optional<std::string_view> RequestParser::take_line(std::size_t limit) {
  // Milestone 4: a line, which stays in waiting_; or a refusal.
  return std::nullopt;
}
// Reads "1f" or "1f;name=value": the size of the chunk in hexadecimal, and extensions to ignore.
bool RequestParser::read_chunk_size() {
  // Milestone 4: digits, and what may follow them.
  return refuse(501);
}

bool RequestParser::read_chunk() {
  // Milestone 4: as the body, but something comes after it.
  return refuse(501);
}

// The line break after a chunk. The size of the chunk does not count it.
bool RequestParser::read_chunk_end() {
  // Milestone 4: two bytes that the size does not count.
  return refuse(501);
}
// Fields after the last chunk. We ignore them, but the next request begins only after the blank
// line that ends them.
bool RequestParser::read_trailer() {
  // Milestone 4: fields, up to an empty line.
  return refuse(501);
}

}  // namespace mini
