// Internal header: a template's text, taken apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tornado::template_::detail {

struct Chunk {
  enum class Kind : std::uint8_t {
    kText,          // text: to be shown
    kExpression,    // text: the expression
    kRaw,           // the same, not escaped
    kModule,        // text: what follows `module`
    kStatement,     // text: what follows `set`
    kImport,        // text: the whole statement
    kExtends,       // text: the file
    kInclude,       // text: the file
    kApply,         // text: the function
    kBlock,         // text: the name
    kControl,       // word: if for while try; text: what follows
    kIntermediate,  // word: elif else except finally; text: what follows
    kJump           // word: break continue
  };
  Kind kind = Kind::kText;
  int line = 0;
  std::string word;
  std::string text;
  std::vector<Chunk> body;
};

// One file. Shared by the templates that include or extend it.
struct File {
  std::string name;
  std::string autoescape;  // empty: none
  std::vector<Chunk> chunks;
};

// Parses a template, as Tornado's _parse does. Throws ParseError. `whitespace` is a mode.
File parse_file(std::string_view text, std::string name, std::string autoescape,
                std::string whitespace);

}  // namespace tornado::template_::detail
