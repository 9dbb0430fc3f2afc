#include "loop/probe/names.h"

#include <tornado/loop_probe.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <string_view>

#include "base/text/demangle.h"

namespace tornado::ioloop {
namespace detail {
namespace {

// Open addressing; entries are only added. An entry is the address of a std::type_info, or of what
// a std::source_location points to; the lowest bit tells them apart.
constexpr std::size_t kNames = 8192;
constexpr std::size_t kProbes = 32;
constexpr std::uintptr_t kPlaceBit = 1;
constinit std::array<std::atomic<std::uintptr_t>, kNames> table{};

// The compiler's own data for a place: a constant, one for each co_await.
static_assert(sizeof(std::source_location) == sizeof(std::uintptr_t));

std::uint16_t number_of(std::uintptr_t entry) noexcept {
  std::size_t at = entry * 0x9E37'79B9'7F4A'7C15U >> 51;  // the upper 13 bits
  for (std::size_t probe = 0; probe < kProbes; ++probe, at = (at + 1) % kNames) {
    std::uintptr_t found = table[at].load(std::memory_order_relaxed);
    if (found == 0 && table[at].compare_exchange_strong(found, entry, std::memory_order_relaxed)) {
      found = entry;
    }
    if (found == entry) return static_cast<std::uint16_t>(at + 1);
  }
  return 0;
}

void remove_all(std::string& text, std::string_view part) {
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos;) text.erase(at, part.size());
}

// Returns where the argument list of a function or template ends that begins at `open`, or npos.
std::size_t closing(const std::string& text, std::size_t open) {
  int depth = 0;
  for (std::size_t at = open; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '<' || c == '(') ++depth;
    if ((c == '>' || c == ')') && --depth == 0) return at;
  }
  return text.npos;
}

// Returns where `wanted` last occurs outside of the brackets that close after it, or npos.
std::size_t last_outside(const std::string& text, char wanted) {
  int depth = 0;
  for (std::size_t at = text.size(); at-- > 0;) {
    const char c = text[at];
    if (c == '>' || c == ')') ++depth;
    if (c == '<' || c == '(') --depth;
    if (c == wanted && depth == 0) return at;
  }
  return text.npos;
}

// A function given to the loop is wrapped in a class of the library: `LoopCallback<F>` becomes `F`.
constexpr std::string_view kWrappers[] = {"core::LoopCallback<", "core::FunctionHandler<",
                                          "core::RepeatedFunction<", "core::Detached<"};

std::string shortened(std::string text) {
  remove_all(text, "(anonymous namespace)::");
  remove_all(text, "tornado::");
  bool again = true;
  while (again) {
    again = false;
    for (const std::string_view wrapper : kWrappers) {
      if (!text.starts_with(wrapper)) continue;
      text.erase(closing(text, wrapper.size() - 1));
      text.erase(0, wrapper.size());
      again = true;
    }
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

// g++ calls the body of a coroutine `void f(f(int)::_Z1fi.Frame*)`, and clang `Future<> f(int)`:
// the function's name is before the last parameter list, after the last blank.
std::string coroutine_name(std::string text) {
  text.erase(std::min(text.find(" ["), text.size()));  // `[with T = int]`
  text = shortened(std::move(text));
  remove_all(text, "::operator()");
  text.erase(std::min(last_outside(text, '('), text.size()));
  return text.substr(last_outside(text, ' ') + 1);  // npos + 1 is 0
}

}  // namespace

std::uint16_t name_of(const std::type_info& type) noexcept {
  return number_of(std::bit_cast<std::uintptr_t>(&type));
}

std::uint16_t name_of(const std::source_location& place) noexcept {
  const auto address = std::bit_cast<std::uintptr_t>(place);
  return address == 0 ? 0 : number_of(address | kPlaceBit);
}

}  // namespace detail

RecordName record_name(std::uint16_t name) {
  if (name == 0 || name > detail::kNames) return {"?", "", 0};
  const std::uintptr_t entry = detail::table[name - 1U].load(std::memory_order_relaxed);
  if (entry == 0) return {"?", "", 0};
  if ((entry & detail::kPlaceBit) == 0) {
    const auto* type = std::bit_cast<const std::type_info*>(entry);
    return {detail::shortened(demangled(type->name())), "", 0};
  }
  const auto place = std::bit_cast<std::source_location>(entry & ~detail::kPlaceBit);
  return {detail::coroutine_name(place.function_name()), place.file_name(),
          static_cast<unsigned>(place.line())};
}

}  // namespace tornado::ioloop
