// Internal header. permessage-deflate (RFC 7692): one message compressed, one message inflated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tornado::http {

// How one direction of a connection compresses.
struct DeflateSettings {
  std::uint8_t level = 6;         // 0 to 9, zlib's
  std::uint8_t mem_level = 8;     // 1 to 9, zlib's
  std::uint8_t window_bits = 15;  // 8 to 15
  bool takeover = true;           // a message may refer to the text of those before it
  bool operator==(const DeflateSettings&) const = default;
};

// Compresses messages. Costs up to 256 KiB: made when the first message is to be sent.
class Deflater {
 public:
  explicit Deflater(const DeflateSettings& settings);
  ~Deflater();

  // Appends the compressed `message`, without the four bytes that every one would end in (RFC 7692
  // 7.2.1).
  void compress(std::string_view message, std::string& out);
  // What is compressed next refers to nothing before it.
  void reset();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The thread's own compressor for messages that stand for themselves: connections without takeover,
// and messages for many, share it. Reset before it is given.
Deflater& shared_deflater(const DeflateSettings& settings);

enum class InflateStatus : std::uint8_t { kOk, kBad, kTooLarge };

// Inflates the messages of one direction. Up to 40 KiB: made when the first one comes.
class Inflater {
 public:
  explicit Inflater(int window_bits);
  ~Inflater();

  // Appends what `piece` of a message expands to, as long as `out` does not grow over `limit`
  // bytes.
  InflateStatus inflate(std::string_view piece, std::string& out, std::size_t limit);
  // The message ends here.
  InflateStatus finish(std::string& out, std::size_t limit);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tornado::http
