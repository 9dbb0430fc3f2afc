#include "http/websocket/deflate.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>
#include <vector>

namespace tornado::http {
namespace {

// The bytes that end a flush, which the sender removes and the receiver restores (RFC 7692 7.2.1,
// 7.2.2).
constexpr std::string_view kTail("\x00\x00\xff\xff", 4);
// zlib does not accept a raw stream with a window of 256 bytes. Its run-length strategy refers back
// one byte at most, which any window can follow.
constexpr int kSmallestWindow = 9;
constexpr std::size_t kStep = 16384;
constexpr auto kMaxInput = static_cast<std::size_t>(std::numeric_limits<uInt>::max());

void set_input(z_stream& stream, std::string_view data) {
  // zlib does not write to its input; its interface is older than const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
}

}  // namespace

// ---- Deflater -----------------------------------------------------------------------------------

struct Deflater::State {
  explicit State(const DeflateSettings& settings) {
    const bool tiny = settings.window_bits < kSmallestWindow;
    const int bits = std::max<int>(settings.window_bits, kSmallestWindow);
    if (::deflateInit2(&stream, settings.level, Z_DEFLATED, -bits, settings.mem_level,
                       tiny ? Z_RLE : Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { ::deflateEnd(&stream); }

  z_stream stream{};
};

Deflater::Deflater(const DeflateSettings& settings) : state_(std::make_unique<State>(settings)) {}
Deflater::~Deflater() = default;

void Deflater::reset() {
  ::deflateReset(&state_->stream);
}

void Deflater::compress(std::string_view message, std::string& out) {
  const std::size_t begin = out.size();
  z_stream& stream = state_->stream;
  do {
    const std::string_view piece = message.substr(0, kMaxInput);
    message.remove_prefix(piece.size());
    set_input(stream, piece);
    const int flush = message.empty() ? Z_SYNC_FLUSH : Z_NO_FLUSH;
    do {
      const std::size_t size = out.size();
      const std::size_t room = std::clamp<std::size_t>(piece.size() / 2, 64, kStep);
      out.resize(size + room);
      stream.next_out = reinterpret_cast<Bytef*>(out.data() + size);
      stream.avail_out = static_cast<uInt>(room);
      ::deflate(&stream, flush);
      out.resize(size + room - stream.avail_out);
    } while (stream.avail_out == 0);
  } while (!message.empty());
  if (std::string_view(out).substr(begin).ends_with(kTail)) out.resize(out.size() - kTail.size());
  // An empty message after another one has nothing to flush; it becomes an empty block (RFC 7692
  // 7.2.3.6).
  if (out.size() == begin) out += '\0';
}

Deflater& shared_deflater(const DeflateSettings& settings) {
  constexpr std::size_t kKept = 8;  // settings in use at the same time, usually one
  thread_local std::vector<std::pair<DeflateSettings, std::unique_ptr<Deflater>>> deflaters;
  for (auto& [known, deflater] : deflaters) {
    if (known != settings) continue;
    deflater->reset();
    return *deflater;
  }
  if (deflaters.size() == kKept) deflaters.erase(deflaters.begin());
  return *deflaters.emplace_back(settings, std::make_unique<Deflater>(settings)).second;
}

// ---- Inflater -----------------------------------------------------------------------------------

struct Inflater::State {
  explicit State(int window_bits) {
    if (::inflateInit2(&stream, -window_bits) != Z_OK) throw std::bad_alloc();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { ::inflateEnd(&stream); }

  // That block was the last of its DEFLATE stream, which a message may contain (RFC 7692 7.2.3.4).
  // The next stream may refer to the text of this one, which zlib keeps in place.
  bool restart() { return ::inflateResetKeep(&stream) == Z_OK; }

  z_stream stream{};
};

Inflater::Inflater(int window_bits) : state_(std::make_unique<State>(window_bits)) {}
Inflater::~Inflater() = default;

InflateStatus Inflater::inflate(std::string_view piece, std::string& out, std::size_t limit) {
  z_stream& stream = state_->stream;
  for (bool more = !piece.empty(); more;) {
    const std::string_view part = piece.substr(0, kMaxInput);
    set_input(stream, part);
    const std::size_t size = out.size();
    // One byte beyond the limit distinguishes a message that is too large from one that just fits.
    const std::size_t room =
        std::min(std::clamp<std::size_t>(part.size() * 4, 64, kStep), limit - size) + 1;
    out.resize(size + room);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    stream.avail_out = static_cast<uInt>(room);
    const int code = ::inflate(&stream, Z_SYNC_FLUSH);
    out.resize(size + room - stream.avail_out);
    if (out.size() > limit) return InflateStatus::kTooLarge;
    piece.remove_prefix(part.size() - stream.avail_in);
    if (code == Z_STREAM_END) {
      if (!state_->restart()) return InflateStatus::kBad;
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      return InflateStatus::kBad;
    }
    // Without room left, zlib may hold output back.
    more = !piece.empty() || stream.avail_out == 0;
  }
  return InflateStatus::kOk;
}

InflateStatus Inflater::finish(std::string& out, std::size_t limit) {
  return inflate(kTail, out, limit);
}

}  // namespace tornado::http
