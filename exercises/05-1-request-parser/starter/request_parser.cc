#include "05-http/request_parser.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "05-http/text.h"

namespace mini {
namespace {

constexpr std::size_t kMaxChunkLine = 4096;  // bytes: a size, and extensions that nobody reads
// What may stand between the blanks of a request line. Whoever lets a control character through
// lets it into his log, and into the requests that he makes of it.
bool is_target(std::string_view target) {
  const auto visible = [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; };
  return !target.empty() && std::all_of(target.begin(), target.end(), visible);
}
// "GET /path HTTP/1.1": three words with one blank between them.
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
  // Without a name nobody knows which site is meant; with two, one server takes the first and
  // another the second (RFC 9112 3.2).
  const std::size_t hosts = request.headers.get_list("Host").size();
  return hosts > 1 || (hosts == 0 && request.version == "HTTP/1.1") ? 400 : 0;
}
// How the end of the body is found (RFC 9112 6.3). Where two ways are named, two servers may take
// one each, and disagree about where the next request begins: refused.
int RequestParser::find_body() {
  // TODO: what if the length is no number, or too large, or said twice? What if the body is
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

// One step. False: it takes more bytes, or is refused.
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
  // An empty line before a request was left over by an old client (RFC 9112 2.2).
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

// Moves into the body what has come of it. False: there is more to come.
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

// A line, which stays where it is: the caller drops it. Nothing: it has not ended yet.
std::optional<std::string_view> RequestParser::take_line(std::size_t limit) {
  const std::size_t end = waiting_.view().find("\r\n");
  const bool ended = end != std::string_view::npos;
  if (ended ? end > limit : waiting_.size() > limit + 1) refuse(400);  // the "\r" may have come
  if (!ended || refusal_ != 0) return std::nullopt;
  return waiting_.view().substr(0, end);
}
// "1f" or "1f;name=value": how many bytes follow, in hexadecimal digits.
bool RequestParser::read_chunk_size() {
  return refuse(501);  // TODO
}

bool RequestParser::read_chunk() {
  if (!take_missing()) return false;
  state_ = State::kChunkEnd;
  return true;
}

bool RequestParser::read_chunk_end() {
  return refuse(501);  // TODO
}

// Fields behind the last chunk. Nobody here has a use for them, but they end with a blank line, and
// the next request begins behind that.
bool RequestParser::read_trailer() {
  return refuse(501);  // TODO
}

}  // namespace mini
