// Internal header: Python's results in vectors.jsonl, for the tests that compare with them.
#pragma once

#include <gtest/gtest.h>
#include <tornado/json.h>

#include <fstream>
#include <string>
#include <vector>

namespace tornado::testing {

// Returns a text of the file: a string, or {"hex": "..."} for bytes that are not UTF-8.
inline std::string bytes_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  const auto hex = value.at("hex").get<std::string>();
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

// Returns the lines about one function. Parsed by the library's own parser, not by the code under
// test.
inline std::vector<json> vectors_for(const std::string& function) {
  std::ifstream file(TORNADO_BASE_VECTORS);
  std::vector<json> found;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("{\"f\":\"" + function + '"')) found.push_back(json::parse(line));
  }
  EXPECT_GT(found.size(), 10u) << "too few vectors for " << function;
  return found;
}

}  // namespace tornado::testing
