// Internal header. Reads one response from the bytes of a connection: informational heads, the
// final head, and the body, however it is framed (RFC 9112 6.3). Pure: bytes in, events out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "http/message/chunked.h"
#include "http/message/head_parser.h"

namespace tornado::http {

struct ResponseLimits {
  HeadLimits head;
  std::uint64_t max_body_size = std::numeric_limits<std::uint64_t>::max();
  // The most heads of status 1xx before the final one: a server could send them for ever.
  int max_informational = 32;
};

enum class ResponseEvent : std::uint8_t {
  kInformational,  // a 1xx head: see head()
  kHead,           // the final head: see head()
  kContent,        // `content` is a piece of the body
  kNeedMore,       // needs more than these bytes; present again what was not consumed
  kDone,           // the response is complete
  kBad,            // not HTTP, or framed in two ways: close. `reason` is static text
  kTooLarge,       // a limit was exceeded; otherwise like kBad
};

struct ResponseStep {
  ResponseEvent event = ResponseEvent::kNeedMore;
  std::size_t consumed = 0;
  std::string_view content = {};  // points into the data given
  const char* reason = nullptr;
};

// Returns why a final or informational head is refused because it announces a body although its
// status never has one (RFC 9110 8.6, RFC 9112 6.1); null if it is fine. A client that believes the
// announcement reads different responses from one that believes the status. `to_head` as for
// ResponseReader. Tornado refuses the same heads.
[[nodiscard]] const char* check_announced_body(const ResponseHead& head, bool to_head);

// Call next() with the bytes after those consumed until it returns kNeedMore, kDone or an error.
class ResponseReader {
 public:
  // `to_head`: the request's method was HEAD, so no body follows, whatever the head says.
  ResponseReader(const ResponseLimits& limits, bool to_head) : limits_(limits), to_head_(to_head) {}

  ResponseStep next(std::string_view data);
  // Call when the peer has ended its side, after next() has returned kNeedMore for all the bytes.
  // Returns kDone if that is how this body ends, else kBad.
  ResponseStep end_of_input();

  // The head of the last kInformational or kHead. The caller may move from it.
  ResponseHead& head() noexcept { return head_; }
  // The body's size, if it is known. Valid after kHead.
  std::optional<std::uint64_t> content_length() const noexcept;
  // Returns whether another response may follow on this connection. Valid after kDone.
  bool reusable() const noexcept { return keep_alive_; }

 private:
  enum class State : std::uint8_t { kHead, kFixed, kChunked, kUntilClose, kDone };

  ResponseStep read_head(std::string_view data);
  const char* begin_body();
  ResponseStep read_fixed(std::string_view data);
  ResponseStep read_chunked(std::string_view data);
  ResponseStep read_until_close(std::string_view data);

  ResponseLimits limits_;
  ResponseHead head_;
  HeadScan scan_;
  std::optional<ChunkedDecoder> chunked_;
  std::uint64_t left_ = 0;  // of a fixed length; until close: what the limit still allows
  std::size_t informational_bytes_ = 0;
  int informational_ = 0;
  State state_ = State::kHead;
  bool to_head_;
  bool keep_alive_ = false;
};

}  // namespace tornado::http
