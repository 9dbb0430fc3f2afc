// The custom mutator of the fuzz programs that feed connections. It changes steps, numbers and
// lines, so that most inputs remain requests, responses and frames; libFuzzer's own mutations, with
// the dictionary, change the bytes of one step.
#include <algorithm>
#include <cctype>
#include <cstring>
#include <random>

#include "check.h"
#include "script.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace tornado::fuzz {
namespace {

class Mutator {
 public:
  Mutator(Script& script, unsigned seed) : script_(script), random_(seed) {}

  void run() {
    for (std::size_t count = 1 + below(4); count > 0; --count) mutate();
  }

 private:
  std::size_t below(std::size_t limit) { return random_() % std::max<std::size_t>(limit, 1); }
  std::size_t place() { return below(script_.steps.size()); }

  void mutate() {
    if (script_.steps.empty()) return insert();
    switch (below(12)) {
      case 0:
      case 1:
        return insert();
      case 2:
        return duplicate();
      case 3:
        script_.steps.erase(at(place()));
        return;
      case 4:
        std::swap(script_.steps[place()], script_.steps[place()]);
        return;
      case 5:
        return split();
      case 6:
        return change_step(script_.steps[place()]);
      case 7:
        script_.flags[below(2)] ^= static_cast<std::uint8_t>(1U << below(8));
        return;
      case 8:
        return change_number(script_.steps[place()].bytes);
      case 9:
        return change_lines(script_.steps[place()].bytes);
      default:
        return change_bytes(script_.steps[place()].bytes);
    }
  }

  std::vector<Step>::iterator at(std::size_t index) {
    return script_.steps.begin() + static_cast<std::ptrdiff_t>(index);
  }

  void insert() {
    const std::span<const Step> all = templates();
    Step step = all[below(all.size())];
    if (!script_.steps.empty()) step.connection = script_.steps[place()].connection;
    if (below(4) == 0) step.connection = static_cast<std::uint8_t>(below(kConnections));
    script_.steps.insert(at(below(script_.steps.size() + 1)), std::move(step));
  }

  void duplicate() {
    Step copy = script_.steps[place()];
    script_.steps.insert(at(below(script_.steps.size() + 1)), std::move(copy));
  }

  // Something else happens in the middle of a step.
  void split() {
    const std::size_t index = place();
    Step& first = script_.steps[index];
    if (first.action != Action::kSend || first.bytes.size() < 2) return;
    const std::size_t cut = 1 + below(first.bytes.size() - 1);
    Step second = first;
    second.bytes.erase(0, cut);
    first.bytes.resize(cut);
    Step between;
    between.connection = first.connection;
    between.action = static_cast<Action>(1 + below(4));
    between.number = pause();
    script_.steps.insert(at(index + 1), std::move(second));
    if (below(2) == 0) script_.steps.insert(at(index + 1), std::move(between));
  }

  void change_step(Step& step) {
    switch (below(4)) {
      case 0:
        step.cut = static_cast<std::uint8_t>(below(8));
        break;
      case 1:
        step.connection = static_cast<std::uint8_t>(below(kConnections));
        break;
      case 2:
        step.action = static_cast<Action>(below(8));
        break;
      default:
        step.number = pause();
    }
  }

  std::uint16_t pause() {
    constexpr std::uint16_t kPauses[] = {0, 1, 10, 55, 99, 101, 301, 599, 601, 3001};
    return kPauses[below(std::size(kPauses))];
  }

  // Replaces one run of digits.
  void change_number(std::string& bytes) {
    constexpr std::string_view kNumbers[] = {"0",
                                             "1",
                                             "2",
                                             "10",
                                             "99",
                                             "101",
                                             "200",
                                             "204",
                                             "304",
                                             "65535",
                                             "65536",
                                             "65537",
                                             "2147483648",
                                             "4294967296",
                                             "-1",
                                             "00",
                                             "1e3",
                                             "0x10",
                                             "99999999999999999999"};
    if (bytes.empty()) return;
    std::size_t begin = below(bytes.size());
    const auto digit = [&](std::size_t i) {
      return std::isdigit(static_cast<unsigned char>(bytes[i])) != 0;
    };
    while (begin < bytes.size() && !digit(begin)) ++begin;
    std::size_t end = begin;
    while (end < bytes.size() && digit(end)) ++end;
    if (begin < end) bytes.replace(begin, end - begin, kNumbers[below(std::size(kNumbers))]);
  }

  // Repeats, removes or moves a line.
  void change_lines(std::string& bytes) {
    const auto line = [&] {
      const std::size_t from = bytes.empty() ? 0 : bytes.rfind('\n', below(bytes.size()));
      const std::size_t begin = from == std::string::npos ? 0 : from + 1;
      return std::pair(begin, std::min(bytes.find('\n', begin), bytes.size() - 1) + 1);
    };
    if (bytes.empty()) return;
    const auto [begin, end] = line();
    const std::string text = bytes.substr(begin, end - begin);
    const std::size_t how = below(3);
    if (how != 0) bytes.erase(begin, text.size());
    if (how == 1) return;
    bytes.insert(bytes.empty() ? 0 : line().first, text);
  }

  void change_bytes(std::string& bytes) {
    const std::size_t size = bytes.size();
    bytes.resize(std::min<std::size_t>(size + 64, UINT16_MAX));
    bytes.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(bytes.data()),
                                  std::min(size, bytes.size()), bytes.size()));
  }

  Script& script_;
  std::minstd_rand random_;
};

std::size_t store(const Script& script, std::uint8_t* to, std::size_t max_size) {
  const std::string out = format_script(script);
  const std::size_t size = std::min(out.size(), max_size);
  std::memcpy(to, out.data(), size);
  return size;
}

}  // namespace
}  // namespace tornado::fuzz

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  using namespace tornado::fuzz;
  Script script = parse_script(as_text(data, size));
  Mutator(script, seed).run();
  return store(script, data, max_size);
}

// The first steps of one script, then the last of another.
extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* one, std::size_t one_size,
                                                 const std::uint8_t* other, std::size_t other_size,
                                                 std::uint8_t* out, std::size_t max_size,
                                                 unsigned seed) {
  using namespace tornado::fuzz;
  Script first = parse_script(as_text(one, one_size));
  const Script second = parse_script(as_text(other, other_size));
  std::minstd_rand random(seed);
  first.steps.resize(random() % (first.steps.size() + 1));
  const std::size_t skipped = random() % (second.steps.size() + 1);
  first.steps.insert(first.steps.end(), second.steps.begin() + static_cast<std::ptrdiff_t>(skipped),
                     second.steps.end());
  return store(first, out, max_size);
}
