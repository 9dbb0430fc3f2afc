// Internal header. permessage-deflate (RFC 7692): one message compressed, one message inflated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tornado::http {

// The compression of one direction of a connection.
struct DeflateSettings {
  std::uint8_t level = 6;         // 0 to 9, zlib's
  std::uint8_t mem_level = 8;     // 1 to 9, zlib's
  std::uint8_t window_bits = 15;  // 8 to 15
  bool takeover = true;           // a message may refer to the text of earlier ones
  bool operator==(const DeflateSettings&) const = default;
};

// Compresses messages. Takes up to 256 KiB, so it is created when the first message is to be sent.
class Deflater {
 public:
  explicit Deflater(const DeflateSettings& settings);
  ~Deflater();

  // Appends the compressed `message`, without the four bytes that every one would end with (RFC
  // 7692 7.2.1).
  void compress(std::string_view message, std::string& out);
  // Forgets the earlier text: the next message refers to nothing before it.
  void reset();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Returns the thread's compressor for self-contained messages. Connections without takeover, and
// messages to many clients, share it. It is reset before it is returned.
Deflater& shared_deflater(const DeflateSettings& settings);

enum class InflateStatus : std::uint8_t { kOk, kBad, kTooLarge };

// Inflates the messages of one direction. Takes up to 40 KiB, so it is created when the first one
// arrives.
class Inflater {
 public:
  explicit Inflater(int window_bits);
  ~Inflater();

  // Appends the expansion of `piece`, a piece of a message, as long as `out` does not grow beyond
  // `limit` bytes.
  InflateStatus inflate(std::string_view piece, std::string& out, std::size_t limit);
  // Ends the message.
  InflateStatus finish(std::string& out, std::size_t limit);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tornado::http
