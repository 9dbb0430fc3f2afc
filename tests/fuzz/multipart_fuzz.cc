// Multipart bodies: the first byte is the boundary's length, the second sets the pieces into which
// the rest is cut. However the body is cut, the parser's result must be the same.
#include <algorithm>
#include <string>

#include "check.h"
#include "http/message/multipart.h"

using namespace tornado;

namespace {

constexpr http::MultipartLimits kLimits{.max_parts = 5, .max_part_header_size = 100};

// Events and data as one text, without what depends on the cuts.
std::string read(std::string_view boundary, std::string_view body, std::size_t piece_size) {
  http::MultipartParser parser(boundary, kLimits);
  std::string text;
  std::size_t data = 0;
  for (std::size_t at = 0; at < body.size(); at += piece_size) {
    std::string_view piece = body.substr(at, piece_size);
    while (true) {
      const http::MultipartResult result = parser.next(piece);
      FUZZ_CHECK(result.consumed <= piece.size());
      piece.remove_prefix(result.consumed);
      if (result.status == http::MultipartStatus::kNeedMore) break;
      if (result.status == http::MultipartStatus::kData) {
        FUZZ_CHECK(!result.content.empty());
        data += result.content.size();
        text += result.content;
        continue;
      }
      text += static_cast<char>('0' + static_cast<int>(result.status));
      if (result.status == http::MultipartStatus::kPart) text += parser.headers().wire();
      if (result.status != http::MultipartStatus::kPart &&
          result.status != http::MultipartStatus::kPartEnd) {
        FUZZ_CHECK((parser.end() == nullptr) == (result.status == http::MultipartStatus::kDone));
        FUZZ_CHECK(data <= body.size());
        return text;
      }
    }
    FUZZ_CHECK(piece.empty());
  }
  const char* const reason = parser.end();
  FUZZ_CHECK(reason != nullptr);
  return text + reason;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text = as_text(data + 2, size - 2);
  const std::size_t length = std::min<std::size_t>(data[0] % 72, text.size());
  const std::string_view boundary = text.substr(0, length);
  const std::string_view body = text.substr(length);
  if (!http::MultipartParser::is_boundary(boundary)) return 0;
  const std::string whole = read(boundary, body, body.size() + 1);
  FUZZ_CHECK(read(boundary, body, data[1] % 16 + 1U) == whole);
  FUZZ_CHECK(read(boundary, body, 1) == whole);
  return 0;
}
