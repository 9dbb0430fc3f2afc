// A chunked body: in one piece, in pieces of a size that the first byte chooses, and encoded again.
#include <algorithm>
#include <string>

#include "check.h"
#include "http/message/chunked.h"

using namespace tornado::http;

namespace {

struct Outcome {
  ChunkedStatus status = ChunkedStatus::kNeedMore;
  std::string body;
  std::size_t consumed = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome decode(std::string_view data, std::size_t piece_size) {
  constexpr ChunkedLimits kLimits{
      .max_body_size = 2000, .max_extensions = 100, .max_trailers = 100};
  ChunkedDecoder decoder(kLimits);
  Outcome outcome;
  std::size_t arrived = 0;
  while (outcome.consumed < data.size()) {
    if (arrived == outcome.consumed) arrived = std::min(arrived + piece_size, data.size());
    const ChunkedResult result =
        decoder.next(data.substr(outcome.consumed, arrived - outcome.consumed));
    FUZZ_CHECK(result.consumed <= arrived - outcome.consumed);
    FUZZ_CHECK((result.reason != nullptr) ==
               (result.status == ChunkedStatus::kBad || result.status == ChunkedStatus::kTooLarge));
    outcome.status = result.status;
    outcome.body += result.content;
    outcome.consumed += result.consumed;
    FUZZ_CHECK(outcome.body.size() <= decoder.body_size());
    FUZZ_CHECK(decoder.body_size() <= kLimits.max_body_size);
    if (result.reason != nullptr || result.status == ChunkedStatus::kDone) return outcome;
  }
  outcome.status = ChunkedStatus::kNeedMore;
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = as_text(data + 1, size - 1);
  const Outcome whole = decode(text, std::max<std::size_t>(text.size(), 1));
  FUZZ_CHECK(whole == decode(text, data[0] % 16 + 1u));
  if (whole.status != ChunkedStatus::kDone) return 0;
  std::string encoded;
  if (!whole.body.empty()) append_chunk(encoded, whole.body);
  encoded += kLastChunk;
  const Outcome again = decode(encoded, encoded.size());
  FUZZ_CHECK(again.status == ChunkedStatus::kDone && again.body == whole.body);
  return 0;
}
