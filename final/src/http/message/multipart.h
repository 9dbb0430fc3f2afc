// Internal header. The multipart syntax (RFC 2046 5.1) as forms use it (RFC 7578), as a pure
// function of bytes.
#pragma once

#include <tornado/httputil.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tornado::http {

struct MultipartLimits {
  std::size_t max_parts = 100;
  std::size_t max_part_header_size = 10240;  // bytes, excluding the empty line
};

enum class MultipartStatus : std::uint8_t {
  kPart,      // a part begins: headers() describes it
  kData,      // `content` is a piece of its data
  kPartEnd,   // the part's data is complete
  kNeedMore,  // everything given was consumed; call again when more has arrived
  kDone,      // after the final boundary; anything that follows is ignored
  kBad,       // malformed: `reason` says why; do not continue
  kTooLarge,  // a limit is exceeded; otherwise like kBad
};

struct MultipartResult {
  MultipartStatus status = MultipartStatus::kNeedMore;
  std::size_t consumed = 0;
  std::string_view content = {};  // in the data given or in the parser: valid until the next call
  const char* reason = nullptr;   // static text
};

// Takes a body apart as it arrives, however it is split. Call next() with the bytes after
// `consumed`, even if there are none, until it returns kNeedMore. Stores only a part's header lines
// and how much of a boundary has matched. Takes linear time.
//
// A boundary counts only at the start of a line and up to its CRLF or its final "--"; anything else
// that looks like one is data. Blanks before the CRLF are skipped, and text before the first
// boundary is ignored, as RFC 2046 requires.
class MultipartParser {
 public:
  // RFC 2046 5.1.1. It also bounds the cost of comparing with the boundary.
  static constexpr std::size_t kMaxBoundary = 70;
  // Blanks between a boundary and its CRLF (RFC 2046: transport padding).
  static constexpr std::size_t kMaxPadding = 1000;
  // Without quotes: 1 to 70 bytes, none of them CR or LF.
  static bool is_boundary(std::string_view boundary);

  // `boundary` must pass is_boundary().
  explicit MultipartParser(std::string_view boundary, const MultipartLimits& limits = {});

  MultipartResult next(std::string_view data);
  // Ends the body. Returns nullptr if that is after the final boundary, else why the body is
  // refused.
  const char* end() const;

  // The headers of the last part reported by kPart.
  const httputil::HTTPHeaders& headers() const noexcept { return headers_; }

 private:
  enum class State : std::uint8_t {
    kPreamble,  // before the first boundary
    kHead,      // in a part's header lines
    kData,      // in a part's data
    kDash,      // after the first "-" that follows a boundary
    kPadding,   // in the blanks after a boundary
    kReturn,    // after the CR of a boundary's line
    kFinal,     // the final boundary has ended the last part, but kDone has not been returned yet
    kDone,
    kFailed,
  };

  void step(std::string_view rest, MultipartResult& result);
  void read_data(std::string_view rest, MultipartResult& result);
  void read_behind_boundary(std::string_view rest, MultipartResult& result);
  void read_head(std::string_view rest, MultipartResult& result);
  void end_head(MultipartResult& result);
  void hold_back(char c, State state, MultipartResult& result);
  void give_back(std::size_t size, MultipartResult& result);
  void end_part(MultipartResult& result);
  void fail(MultipartStatus status, const char* reason, MultipartResult& result);

  MultipartLimits limits_;
  // CR LF "--" boundary, and the "-" or the blanks that came after it: the bytes that may have to
  // be returned as data.
  std::string boundary_;
  const std::size_t boundary_size_;  // without those
  // Bytes of it that have matched. Starts as if a CRLF preceded the body.
  std::size_t matched_ = 2;
  std::size_t lent_ = 0;  // of these, bytes of the part's head, which are not data
  State state_ = State::kPreamble;
  bool in_part_ = false;
  std::size_t parts_ = 0;
  std::string head_;
  httputil::HTTPHeaders headers_;
  const char* reason_ = nullptr;
};

}  // namespace tornado::http
