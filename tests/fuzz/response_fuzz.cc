// A response as a client reads it: in one piece, and in pieces of a size that the first byte
// chooses.
#include <algorithm>
#include <string>

#include "check.h"
#include "http/client/response_reader.h"

using namespace tornado::http;

namespace {

struct Outcome {
  ResponseEvent last = ResponseEvent::kNeedMore;
  int heads = 0;
  int code = 0;
  std::string body;
  bool reusable = false;
  bool operator==(const Outcome&) const = default;
};

constexpr std::uint64_t kMaxBody = 2000;

Outcome read(std::string_view data, std::size_t piece_size, bool to_head) {
  ResponseLimits limits;
  limits.head = {.max_size = 1000, .max_fields = 20};
  limits.max_body_size = kMaxBody;
  limits.max_informational = 3;
  ResponseReader reader(limits, to_head);
  Outcome outcome;
  std::size_t used = 0;
  for (std::size_t arrived = 0; arrived < data.size();) {
    arrived = std::min(arrived + piece_size, data.size());
    for (;;) {
      const ResponseStep step = reader.next(data.substr(used, arrived - used));
      FUZZ_CHECK(step.consumed <= arrived - used);
      used += step.consumed;
      outcome.last = step.event;
      outcome.body += step.content;
      FUZZ_CHECK(outcome.body.size() <= kMaxBody);
      if (step.event == ResponseEvent::kNeedMore) break;
      if (step.event == ResponseEvent::kContent) {
        FUZZ_CHECK(!step.content.empty());
        continue;
      }
      if (step.event == ResponseEvent::kHead || step.event == ResponseEvent::kInformational) {
        outcome.code = reader.head().start_line.code;
        FUZZ_CHECK(++outcome.heads <= limits.max_informational + 1);
        continue;
      }
      FUZZ_CHECK((step.reason != nullptr) == (step.event != ResponseEvent::kDone));
      if (step.event == ResponseEvent::kDone) outcome.reusable = reader.reusable();
      return outcome;
    }
  }
  outcome.last = reader.end_of_input().event;
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = as_text(data + 1, size - 1);
  const bool to_head = (data[0] & 0x80) != 0;
  const Outcome whole = read(text, std::max<std::size_t>(text.size(), 1), to_head);
  const Outcome pieces = read(text, data[0] % 16 + 1u, to_head);
  // A bad response may be refused earlier or later, depending on where the pieces end.
  if (whole.last == ResponseEvent::kDone || pieces.last == ResponseEvent::kDone) {
    FUZZ_CHECK(whole == pieces);
  }
  return 0;
}
