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

// Lists nested in lists, at most; options need one.
inline constexpr int kMaxLiteralDepth = 16;

// Reads lines "name = literal" in the form of Python. A name that comes again replaces the earlier
// setting. `path` is the value of __file__ and stands in messages. Throws Error "path:line: what is
// wrong".
std::vector<Setting> parse_config(std::string_view text, const std::string& path);

}  // namespace tornado::options
