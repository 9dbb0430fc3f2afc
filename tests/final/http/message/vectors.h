// Internal header. Reads the cases of tests/vectors/http; the README there describes their format.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace tornado::test {

struct Vector {
  std::string name;   // the heading, as an identifier
  std::string input;  // the bytes to feed
  std::vector<std::string> expect;

  std::string outcome() const;                    // first word of the first line
  std::string argument() const;                   // the rest of it
  std::string value(std::string_view key) const;  // of the line "key: value", or "<none>"
  std::vector<std::pair<std::string, std::string>> headers()
      const;  // of the lines "header name: value"
};

void PrintTo(const Vector& vector, std::ostream* out);
inline std::string name_of(const testing::TestParamInfo<Vector>& info) {
  return info.param.name;
}

// Returns every case of the file, in order. Throws if the file is missing, empty or malformed.
std::vector<Vector> read_vectors(const std::string& file);

// Undoes the escapes of a vector file.
std::string unescape(std::string_view text);

}  // namespace tornado::test
