#include "http/message/gzip_decoder.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>

namespace tornado::http {
namespace {

constexpr int kGzipWindow =
    15 + 16;  // the largest window, and gzip's header and checksum around it
constexpr char kFirstMagic = '\x1f';

}  // namespace

struct GzipDecoder::State {
  enum class Place : std::uint8_t { kStart, kMember, kBehindMember, kIgnored };

  State() {
    if (::inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { ::inflateEnd(&stream); }

  z_stream stream{};
  Place place = Place::kStart;
  std::array<char, kBufferSize> buffer;
};

GzipDecoder::GzipDecoder() : state_(std::make_unique<State>()) {}
GzipDecoder::GzipDecoder(GzipDecoder&&) noexcept = default;
GzipDecoder& GzipDecoder::operator=(GzipDecoder&&) noexcept = default;
GzipDecoder::~GzipDecoder() = default;

bool GzipDecoder::at_end() const noexcept {
  return state_->place != State::Place::kMember;
}

GzipResult GzipDecoder::next(std::string_view data) {
  State& state = *state_;
  z_stream& stream = state.stream;
  if (state.place == State::Place::kBehindMember && !data.empty()) {
    const bool another = data.front() == kFirstMagic && ::inflateReset(&stream) == Z_OK;
    state.place = another ? State::Place::kMember : State::Place::kIgnored;
  }
  if (state.place == State::Place::kIgnored) return {GzipStatus::kNeedMore, data.size()};
  if (!data.empty()) state.place = State::Place::kMember;
  // zlib does not write to its input; its interface is older than const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  const auto given =
      static_cast<uInt>(std::min<std::size_t>(data.size(), std::numeric_limits<uInt>::max()));
  stream.avail_in = given;
  stream.next_out = reinterpret_cast<Bytef*>(state.buffer.data());
  stream.avail_out = kBufferSize;
  const int code = ::inflate(&stream, Z_NO_FLUSH);
  const std::size_t consumed = given - stream.avail_in;
  const std::string_view output(state.buffer.data(), kBufferSize - stream.avail_out);
  if (code == Z_STREAM_END) state.place = State::Place::kBehindMember;
  // Z_BUF_ERROR: there was nothing to do, which is not an error.
  if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) return {GzipStatus::kBad};
  if (!output.empty() || consumed < data.size()) return {GzipStatus::kOutput, consumed, output};
  return {GzipStatus::kNeedMore, consumed};
}

}  // namespace tornado::http
