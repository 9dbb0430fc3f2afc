#include "http/message/chunked.h"

#include <algorithm>
#include <charconv>

#include "http/message/chars.h"
#include "tornado/httputil.h"

namespace tornado::http {
namespace {

// The grammar allows any number of leading zeros; this limit is ours. 16 digits are enough for
// every size that fits.
constexpr std::size_t kMaxSizeDigits = 64;

constexpr const char kTooLargeReason[] = "chunked body too large";
constexpr const char kLongExtensions[] = "chunk extensions too long";
constexpr const char kNoLineFeed[] = "CR without LF in chunked body";

}  // namespace

ChunkedResult ChunkedDecoder::next(std::string_view data) {
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (state_ == State::kData) {
      const std::size_t size =
          static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, data.size() - i));
      remaining_ -= size;
      if (remaining_ == 0) state_ = State::kDataCr;
      return {ChunkedStatus::kContent, i + size, data.substr(i, size)};
    }
    if (const char* reason = step(data[i])) {
      const bool too_large = reason == kTooLargeReason;
      return {too_large ? ChunkedStatus::kTooLarge : ChunkedStatus::kBad, i, {}, reason};
    }
    if (state_ == State::kDone) return {ChunkedStatus::kDone, i + 1};
  }
  return {ChunkedStatus::kNeedMore, data.size()};
}

// Reads one byte outside of chunk data. Returns nullptr, or why the body is refused.
const char* ChunkedDecoder::step(char c) {
  switch (state_) {
    case State::kSizeStart:
      return read_digit(c);
    case State::kSize:
      return hex_value(c) >= 0 ? read_digit(c) : behind_size(c);
    case State::kSizeBlank:
      // A blank before ";" is "bad whitespace", which a recipient must accept (RFC 9112 7.1.1);
      // before CRLF it is not.
      return c == '\r' ? "invalid chunk size" : behind_size(c);
    case State::kNameStart:
    case State::kName:
    case State::kNameBlank:
    case State::kValueStart:
    case State::kValue:
    case State::kQuoted:
    case State::kEscaped:
    case State::kQuotedEnd:
    case State::kValueBlank:
      return read_extension(c);
    case State::kSizeEnd:
      return c == '\n' ? end_size_line() : kNoLineFeed;
    case State::kDataCr:
      state_ = State::kDataLf;
      return c == '\r' ? nullptr : "chunk data longer than its size";
    case State::kDataLf:
      state_ = State::kSizeStart;
      return c == '\n' ? nullptr : kNoLineFeed;
    case State::kTrailer:
      return read_trailer(c);
    case State::kTrailerEnd:
      return c == '\n' ? end_trailer_line() : kNoLineFeed;
    case State::kData:
    case State::kDone:
      break;
  }
  return "chunked body already complete";
}

const char* ChunkedDecoder::read_digit(char c) {
  const int digit = hex_value(c);
  if (digit < 0 || ++digits_ > kMaxSizeDigits) return "invalid chunk size";
  if (remaining_ > std::numeric_limits<std::uint64_t>::max() / 16) return kTooLargeReason;
  remaining_ = remaining_ * 16 + static_cast<std::uint64_t>(digit);
  state_ = State::kSize;
  return nullptr;
}

const char* ChunkedDecoder::behind_size(char c) {
  if (c == '\r') {
    state_ = State::kSizeEnd;
    return nullptr;
  }
  if (++extension_bytes_ > limits_.max_extensions) return kLongExtensions;
  if (c != ';' && !is_blank(c)) return "invalid chunk size";
  state_ = c == ';' ? State::kNameStart : State::kSizeBlank;
  return nullptr;
}

const char* ChunkedDecoder::read_extension(char c) {
  if (c != '\r' && ++extension_bytes_ > limits_.max_extensions) return kLongExtensions;
  state_ = extension_state(c);
  return state_ == State::kDone ? "invalid character in chunk extension" : nullptr;
}

// Returns the state after `c` in *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ),
// or kDone if the grammar does not allow `c` there.
ChunkedDecoder::State ChunkedDecoder::extension_state(char c) const {
  const bool token = is_token_char(c);
  switch (state_) {
    case State::kNameStart:
      return token ? State::kName : is_blank(c) ? State::kNameStart : State::kDone;
    case State::kValueStart:
      if (is_blank(c)) return State::kValueStart;
      return token ? State::kValue : c == '"' ? State::kQuoted : State::kDone;
    case State::kEscaped:
      return is_control(c) ? State::kDone : State::kQuoted;
    case State::kQuoted:
      if (is_control(c)) return State::kDone;
      return c == '"' ? State::kQuotedEnd : c == '\\' ? State::kEscaped : State::kQuoted;
    default:
      break;
  }
  // In a name or a value, or after one.
  const bool behind_name = state_ == State::kName || state_ == State::kNameBlank;
  const bool behind_blank = state_ == State::kNameBlank || state_ == State::kValueBlank;
  if (is_blank(c)) return behind_name ? State::kNameBlank : State::kValueBlank;
  if (c == ';') return State::kNameStart;
  if (c == '=' && behind_name) return State::kValueStart;
  if (c == '\r' && !behind_blank) return State::kSizeEnd;
  return token && (state_ == State::kName || state_ == State::kValue) ? state_ : State::kDone;
}

const char* ChunkedDecoder::end_size_line() {
  digits_ = 0;
  if (remaining_ == 0) {
    state_ = State::kTrailer;
    return nullptr;
  }
  if (body_size_ > limits_.max_body_size || remaining_ > limits_.max_body_size - body_size_) {
    return kTooLargeReason;
  }
  body_size_ += remaining_;
  state_ = State::kData;
  return nullptr;
}

const char* ChunkedDecoder::read_trailer(char c) {
  if (++trailer_bytes_ > limits_.max_trailers) return "chunked trailers too long";
  if (c == '\r') {
    state_ = State::kTrailerEnd;
    return nullptr;
  }
  // A field line contains no control characters. Refusing LF here ensures that no line ends without
  // CR.
  if (is_control(c)) return "invalid character in chunked trailer";
  trailer_line_ += c;
  return nullptr;
}

const char* ChunkedDecoder::end_trailer_line() {
  if (trailer_line_.empty()) {
    state_ = State::kDone;
    return nullptr;
  }
  // The line is alone in its list, so one that begins with a blank is refused: it would continue a
  // field that was dropped.
  httputil::HTTPHeaders field;
  if (const char* reason = field.parse_lines(trailer_line_)) return reason;
  trailer_line_.clear();
  state_ = State::kTrailer;
  return nullptr;
}

void append_chunk_size(std::string& out, std::uint64_t size) {
  char digits[16];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, size, 16);
  out.append(digits, end);
  out.append("\r\n");
}

void append_chunk(std::string& out, std::string_view content) {
  append_chunk_size(out, content.size());
  out.append(content).append("\r\n");
}

}  // namespace tornado::http
