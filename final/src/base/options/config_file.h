// Internal header: the text of a configuration file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/options/value.h"

namespace tornado::options {

struct Setting {
  std::string name;
  Literal literal;
  int line;
};

// The greatest depth of nested lists. Options need a depth of one.
inline constexpr int kMaxLiteralDepth = 16;

// Reads lines of the form `name = literal`, in Python's syntax. A repeated name replaces the
// earlier setting. `path` is the value of __file__ and appears in messages. Throws
// Error("path:line: reason").
std::vector<Setting> parse_config(std::string_view text, const std::string& path);

}  // namespace tornado::options
