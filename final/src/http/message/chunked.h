// Internal header. The chunked transfer coding (RFC 9112 7.1), both directions, as pure functions
// of bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace tornado::http {

struct ChunkedLimits {
  std::uint64_t max_body_size = std::numeric_limits<std::uint64_t>::max();  // sum of the chunks
  std::size_t max_extensions = 16384;  // bytes, all chunks together
  std::size_t max_trailers = 16384;    // bytes, line ends included
};

enum class ChunkedStatus : std::uint8_t {
  kContent,   // `content` is a piece of the body; call again with the bytes after `consumed`
  kNeedMore,  // everything given was consumed; call again when more has arrived
  kDone,      // the body is complete; the next message begins after `consumed`
  kBad,       // respond with 400 and close: `reason` is for the log
  kTooLarge,  // the body exceeds max_body_size; otherwise like kBad
};

struct ChunkedResult {
  ChunkedStatus status = ChunkedStatus::kNeedMore;
  std::size_t consumed = 0;
  std::string_view content = {};  // points into the data given
  const char* reason = nullptr;   // static text, for kBad and kTooLarge
};

// Takes a chunked body apart as it arrives. Looks at each byte once, so the time is linear however
// the bytes are split; stores nothing but a trailer line that has not ended. Must not be called
// again after kDone, kBad or kTooLarge.
//
// Strict wherever a lenient reader could be made to see a different message (request smuggling):
// sizes are hex digits only, every line ends in CRLF, and chunk data is followed by CRLF.
// Extensions and trailer fields are checked and dropped, as RFC 9112 7.1.1 and 7.1.2 allow. An
// extension needs a name, and cannot contain a line end, not even in quotes or after a backslash.
class ChunkedDecoder {
 public:
  explicit ChunkedDecoder(const ChunkedLimits& limits = {}) : limits_(limits) {}

  ChunkedResult next(std::string_view data);

  // Takes effect with the next chunk.
  void set_max_body_size(std::uint64_t size) { limits_.max_body_size = size; }
  // Body bytes announced so far, including the current chunk's.
  std::uint64_t body_size() const { return body_size_; }

 private:
  enum class State : std::uint8_t {
    kSizeStart,   // before the first digit of a chunk's size
    kSize,        // after a digit
    kSizeBlank,   // in blanks between the size and ";"
    kNameStart,   // after ";"
    kName,        // in an extension's name
    kNameBlank,   // in blanks after it
    kValueStart,  // after "="
    kValue,       // in an extension's value without quotes
    kQuoted,      // in one with quotes
    kEscaped,     // after a backslash there
    kQuotedEnd,   // after the closing quote
    kValueBlank,  // in blanks after a value
    kSizeEnd,     // the LF of the size line
    kData,        // in the chunk's data
    kDataCr,      // expects the CR after it
    kDataLf,      // expects the LF after that
    kTrailer,     // in a trailer line, or before the empty one
    kTrailerEnd,  // the LF of a trailer line
    kDone,
  };

  const char* step(char c);
  const char* read_digit(char c);
  const char* behind_size(char c);
  const char* read_extension(char c);
  State extension_state(char c) const;
  const char* end_size_line();
  const char* read_trailer(char c);
  const char* end_trailer_line();

  ChunkedLimits limits_;
  State state_ = State::kSizeStart;
  std::uint64_t remaining_ =
      0;  // bytes left of the current chunk; while its size is being read, the value so far
  std::uint64_t body_size_ = 0;
  std::size_t digits_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::string trailer_line_;
};

// Appends `content` as one chunk. `content` must not be empty: an empty chunk would end the body.
void append_chunk(std::string& out, std::string_view content);
// The text before the content of a chunk. CRLF follows the content.
void append_chunk_size(std::string& out, std::uint64_t size);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace tornado::http
