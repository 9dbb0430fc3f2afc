"""Writes html_entities.cc: python3 make_html_entities.py > html_entities.cc

The names come from Python's copy of the table in the HTML standard, section 13.5.
"""
import html.entities


def literal(text):
    return '"' + "".join("\\x%02x" % byte for byte in text.encode()) + '"'


print(
    """// Made by make_html_entities.py. Do not edit.
#include "base/text/html_entities.h"

#include <algorithm>
#include <iterator>

namespace tornado::escape {
namespace {

struct Entity {
  std::string_view name;
  std::string_view text;
};

// Sorted by name.
// clang-format off
constexpr Entity kEntities[] = {"""
)
line = ""
for name, text in sorted(html.entities.html5.items()):
    item = '{"%s",%s},' % (name, literal(text))
    if len(line) + len(item) > 118:
        print(line)
        line = ""
    line += item
print(line)
print(
    """};
// clang-format on

}  // namespace

std::string_view html_entity(std::string_view name) noexcept {
  const auto found = std::lower_bound(
      std::begin(kEntities), std::end(kEntities), name,
      [](const Entity& entity, std::string_view wanted) { return entity.name < wanted; });
  return found != std::end(kEntities) && found->name == name ? found->text : std::string_view();
}

}  // namespace tornado::escape"""
)
