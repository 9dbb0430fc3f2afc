// WebSocket messages: in one piece, and in pieces of a size that the first byte chooses, which also
// says whether compression is on. A decompressed message stays within its limit.
#include <algorithm>
#include <string>

#include "check.h"
#include "http/websocket/message.h"

using namespace tornado::http;

namespace {

constexpr std::size_t kMaxSize = 3000;

struct Outcome {
  std::string events;
  std::size_t consumed = 0;
  bool bad = false;
  bool operator==(const Outcome&) const = default;
};

void note(const MessageResult& result, Outcome& outcome) {
  FUZZ_CHECK(result.payload.size() <= kMaxSize);
  FUZZ_CHECK((result.code != 0) == (result.status == MessageStatus::kBad));
  outcome.events += static_cast<char>('0' + static_cast<int>(result.status));
  outcome.events += result.payload;
  outcome.events += std::to_string(result.code);
  outcome.bad = result.status == MessageStatus::kBad;
}

Outcome read(std::string_view data, bool compressed, std::size_t piece_size) {
  MessageRules rules;
  rules.frames.compressed = compressed;
  rules.max_size = kMaxSize;
  MessageReader reader(rules);
  Outcome outcome;
  std::string scratch;
  std::size_t begin = 0;
  for (std::size_t end = 0; end < data.size();) {
    end = std::min(end + piece_size, data.size());
    while (begin < end) {
      const MessageResult result = reader.next(data.substr(begin, end - begin), scratch);
      FUZZ_CHECK(result.consumed <= end - begin);
      begin += result.consumed;
      if (result.status != MessageStatus::kNeedMore) note(result, outcome);
      if (outcome.bad) return outcome;
      if (result.status == MessageStatus::kNeedMore && result.consumed == 0) break;
    }
  }
  outcome.consumed = begin;
  return outcome;
}

// A mistake inside a frame may be found earlier or later, and then have another name.
bool same(Outcome a, Outcome b) {
  if (a.bad && b.bad) return true;
  return a == b;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = as_text(data + 1, size - 1);
  const bool compressed = (data[0] & 0x80) != 0;
  const Outcome whole = read(text, compressed, std::max<std::size_t>(text.size(), 1));
  FUZZ_CHECK(same(whole, read(text, compressed, data[0] % 64 + 1u)));
  return 0;
}
