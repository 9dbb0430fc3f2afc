#include "05-http/request_parser.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "05-http/text.h"

namespace mini {
namespace {

constexpr std::size_t kMaxChunkLine = 4096;  // bytes: a size, and extensions that we ignore
// Returns whether a request line may have this target. A target with a space or a control character
// would reach the logs, and every request that is built from this one.
bool is_target(std::string_view target) {
  const auto visible = [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; };
  return !target.empty() && std::all_of(target.begin(), target.end(), visible);
}
// "GET /path HTTP/1.1": three words, with one space between them.
int parse_request_line(std::string_view line, RequestData& request) {
  const auto method = take_before(line, " ");
  const auto target = take_before(line, " ");
  if (!method || !target || !is_token(*method) || !is_target(*target)) return 400;
  if (line.size() != 8 || !line.starts_with("HTTP/")) return 400;
  if (line != "HTTP/1.1" && line != "HTTP/1.0") return 505;
  request.method = *method;
  request.uri = *target;
  request.version = line;
  return 0;
}

}  // namespace

std::string RequestData::query() const {
  const std::size_t mark = uri.find('?');
  return mark == uri.npos ? "" : uri.substr(mark + 1);
}

bool RequestData::keep_alive() const {
  if (headers.has_token("Connection", "close")) return false;
  return version == "HTTP/1.1" || headers.has_token("Connection", "keep-alive");
}
int parse_request_head(std::string_view head, RequestData& request) {
  const auto first = take_before(head, "\r\n");
  const int refusal = parse_request_line(first.value_or(head), request);
  if (refusal != 0) return refusal;
  if (first && !request.headers.parse(head)) return 400;
  // Without a Host nobody knows which site is meant. With two, one server uses the first, and
  // another the second (RFC 9112 3.2).
  const std::size_t hosts = request.headers.get_list("Host").size();
  return hosts > 1 || (hosts == 0 && request.version == "HTTP/1.1") ? 400 : 0;
}
// Decides how to find the end of the body (RFC 9112 6.3). If the head names two ways, two servers
// may take one each and disagree about where the next request begins, so it is refused.
int RequestParser::find_body() {
  // TODO: what if the length is not a number, or is too large, or comes twice? What if the body is
  // chunked?
  missing_ =
      std::strtoul(request_.headers.get("Content-Length").value_or("0").c_str(), nullptr, 10);
  state_ = State::kBody;
  return 0;
}
std::optional<RequestData> RequestParser::next() {
  while (refusal_ == 0 && state_ != State::kDone && advance()) continue;
  if (state_ != State::kDone) return std::nullopt;
  state_ = State::kHead;
  return std::exchange(request_, {});
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
  // Some old clients send an empty line too many after a body (RFC 9112 2.2).
  while (waiting_.view().starts_with("\r\n")) waiting_.drop(2);
  const std::size_t end = waiting_.view().find("\r\n\r\n");
  if (waiting_.empty()) return false;
  if (end == std::string_view::npos) return refuse(400);  // TODO: is that so?
  const int bad_head = parse_request_head(waiting_.view().substr(0, end), request_);
  if (bad_head != 0) return refuse(bad_head);
  waiting_.drop(waiting_.size());  // TODO: all of it?
  const int status = find_body();
  return status == 0 || refuse(status);
}

// Moves what has arrived of the body, or of a chunk, into it. Returns whether that was all.
bool RequestParser::take_missing() {
  const std::size_t count = std::min(missing_, waiting_.size());
  request_.body += waiting_.view().substr(0, count);
  waiting_.drop(count);
  missing_ -= count;
  return missing_ == 0;
}

bool RequestParser::read_body() {
  if (!take_missing()) return false;
  state_ = State::kDone;
  return true;
}

// Returns the next line and leaves it in waiting_: the caller drops it. Nothing if its end has not
// arrived, or if it has more than `limit` bytes, which is refused.
std::optional<std::string_view> RequestParser::take_line(std::size_t limit) {
  const std::size_t end = waiting_.view().find("\r\n");
  const bool ended = end != std::string_view::npos;
  if (ended ? end > limit : waiting_.size() > limit + 1) refuse(400);  // + 1: its "\r"
  if (!ended || refusal_ != 0) return std::nullopt;
  return waiting_.view().substr(0, end);
}
// Reads "1f" or "1f;name=value": the size of the chunk in hexadecimal, and extensions to ignore.
bool RequestParser::read_chunk_size() {
  return refuse(501);  // TODO
}

bool RequestParser::read_chunk() {
  if (!take_missing()) return false;
  state_ = State::kChunkEnd;
  return true;
}

// The line break after a chunk. The size of the chunk does not count it.
bool RequestParser::read_chunk_end() {
  return refuse(501);  // TODO
}

// Fields after the last chunk. We ignore them, but the next request begins only after the blank
// line that ends them.
bool RequestParser::read_trailer() {
  return refuse(501);  // TODO
}

}  // namespace mini
