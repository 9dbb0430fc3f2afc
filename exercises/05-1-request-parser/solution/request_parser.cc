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
  const auto lengths = request_.headers.get_list("Content-Length");
  const auto codings = request_.headers.get_list("Transfer-Encoding");
  if (!codings.empty()) {
    if (!lengths.empty() || request_.version != "HTTP/1.1") return 400;
    if (codings.size() != 1 || !equal_ignoring_case(codings[0], "chunked")) return 501;
    state_ = State::kChunkSize;
    return 0;
  }
  missing_ = 0;
  if (!lengths.empty()) {
    for (const std::string_view length : lengths) {
      if (length != lengths[0]) return 400;
    }
    const bool digits = lengths[0].find_first_not_of("0123456789") == std::string_view::npos;
    if (!digits || lengths[0].empty()) return 400;
    missing_ = to_size(lengths[0], 10).value_or(limits_.max_body + 1);
    if (missing_ > limits_.max_body) return 413;
  }
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
  const std::size_t end = waiting_.view().find("\r\n\r\n", searched_);
  // After a head of exactly max_head bytes, three of the four bytes that end it may be here.
  const bool too_long = end == std::string_view::npos ? waiting_.size() > limits_.max_head + 3
                                                      : end > limits_.max_head;
  if (too_long) return refuse(431);
  if (end == std::string_view::npos) {
    searched_ = waiting_.size() > 3 ? waiting_.size() - 3 : 0;  // it may begin in the last three
    return false;
  }
  const int bad_head = parse_request_head(waiting_.view().substr(0, end), request_);
  if (bad_head != 0) return refuse(bad_head);
  waiting_.drop(end + 4);
  searched_ = 0;
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
  const auto line = take_line(kMaxChunkLine);
  if (!line) return false;
  const std::size_t size_of_line = line->size();
  const std::string_view digits = strip_blanks(line->substr(0, line->find(';')));
  if (!is_field_value(*line) || digits.empty() ||
      digits.find_first_not_of("0123456789abcdefABCDEF") != digits.npos) {
    return refuse(400);
  }
  missing_ = to_size(digits, 16).value_or(limits_.max_body + 1);
  if (missing_ > limits_.max_body - request_.body.size()) return refuse(413);
  waiting_.drop(size_of_line + 2);
  state_ = missing_ == 0 ? State::kTrailer : State::kChunk;
  trailer_ = 0;
  return true;
}

bool RequestParser::read_chunk() {
  if (!take_missing()) return false;
  state_ = State::kChunkEnd;
  return true;
}

// The line break after a chunk. The size of the chunk does not count it.
bool RequestParser::read_chunk_end() {
  if (waiting_.size() < 2) return false;
  if (!waiting_.view().starts_with("\r\n")) return refuse(400);
  waiting_.drop(2);
  state_ = State::kChunkSize;
  return true;
}
// Fields after the last chunk. We ignore them, but the next request begins only after the blank
// line that ends them.
bool RequestParser::read_trailer() {
  const auto line = take_line(limits_.max_head - trailer_);
  if (!line) return false;
  const std::size_t size = line->size();
  if (size > 0 && !HTTPHeaders().parse_line(*line)) return refuse(400);
  trailer_ += size;
  waiting_.drop(size + 2);
  if (size == 0) state_ = State::kDone;
  return true;
}

}  // namespace mini
