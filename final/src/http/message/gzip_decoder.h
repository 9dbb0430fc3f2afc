// Internal header. Undoes Content-Encoding: gzip (RFC 9110 8.4.1.3, RFC 1952) piece by piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace tornado::http {

enum class GzipStatus : std::uint8_t {
  kOutput,    // `output` is decoded text; call again with the bytes after `consumed`
  kNeedMore,  // everything given was consumed
  kBad,       // not gzip, or damaged
};

struct GzipResult {
  GzipStatus status = GzipStatus::kNeedMore;
  std::size_t consumed = 0;
  std::string_view output = {};  // in the decoder's buffer: valid until the next call
};

// However much a piece expands, at most kBufferSize bytes of the text are in memory at a time. A
// decompression bomb therefore costs its reader only time, and the reader counts the output.
// Several members in a row are one text; anything else after the last member is ignored.
class GzipDecoder {
 public:
  static constexpr std::size_t kBufferSize = 16384;

  GzipDecoder();
  GzipDecoder(GzipDecoder&&) noexcept;
  GzipDecoder& operator=(GzipDecoder&&) noexcept;
  ~GzipDecoder();

  GzipResult next(std::string_view data);
  // Whether the text may end here: after a member, or before the first byte of one.
  bool at_end() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tornado::http
