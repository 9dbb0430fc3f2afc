#include "vectors.h"

#include <cctype>
#include <fstream>
#include <stdexcept>

namespace tornado::test {
namespace {

// Returns the bytes for a line of an `http` block.
std::string wire_line(const std::string& line) {
  if (line.ends_with("\\n")) return unescape(line);
  if (line.ends_with("\\") && !line.ends_with("\\\\")) {
    return unescape(std::string_view(line).substr(0, line.size() - 1));
  }
  return unescape(line) + "\r\n";
}

std::string identifier(std::string_view heading) {
  std::string name;
  for (const char c : heading) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      name += c;
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
  }
  while (name.ends_with('_')) name.pop_back();
  return name;
}

}  // namespace

std::string unescape(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes += text[i];
      continue;
    }
    switch (text.at(++i)) {
      case 'r':
        bytes += '\r';
        break;
      case 'n':
        bytes += '\n';
        break;
      case 't':
        bytes += '\t';
        break;
      case '0':
        bytes += '\0';
        break;
      case '\\':
        bytes += '\\';
        break;
      case 'x':
        bytes += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
        i += 2;
        break;
      default:
        throw std::runtime_error("bad escape in vector: " + std::string(text));
    }
  }
  return bytes;
}

std::string Vector::outcome() const {
  return expect.at(0).substr(0, expect.at(0).find(' '));
}

std::string Vector::argument() const {
  const std::size_t blank = expect.at(0).find(' ');
  return blank == std::string::npos ? "" : unescape(expect.at(0).substr(blank + 1));
}

std::string Vector::value(std::string_view key) const {
  for (const std::string& line : expect) {
    if (line.starts_with(key) && line.substr(key.size()).starts_with(": ")) {
      return unescape(line.substr(key.size() + 2));
    }
  }
  return "<none>";
}

std::vector<std::pair<std::string, std::string>> Vector::headers() const {
  constexpr std::string_view kPrefix = "header ";
  std::vector<std::pair<std::string, std::string>> all;
  for (const std::string& line : expect) {
    if (!line.starts_with(kPrefix)) continue;
    const std::size_t colon = line.find(':');
    const std::string value = colon + 2 < line.size() ? line.substr(colon + 2) : "";
    all.emplace_back(line.substr(kPrefix.size(), colon - kPrefix.size()), unescape(value));
  }
  return all;
}

void PrintTo(const Vector& vector, std::ostream* out) {
  *out << vector.name;
}

std::vector<Vector> read_vectors(const std::string& file) {
  std::ifstream stream(std::string(VECTORS_DIR "/") + file);
  if (!stream) throw std::runtime_error("no vector file " + file);
  std::vector<Vector> vectors;
  enum { kText, kHttp, kExpect } block = kText;
  for (std::string line; std::getline(stream, line);) {
    if (block == kText && line.starts_with("## ")) {
      vectors.push_back({identifier(line.substr(3)), {}, {}});
    } else if (line == "```http") {
      block = kHttp;
    } else if (line == "```expect") {
      block = kExpect;
    } else if (line == "```") {
      block = kText;
    } else if (block == kHttp) {
      vectors.back().input += wire_line(line);
    } else if (block == kExpect) {
      vectors.back().expect.push_back(line);
    }
  }
  if (vectors.empty()) throw std::runtime_error("no cases in " + file);
  for (const Vector& vector : vectors) {
    if (vector.expect.empty()) throw std::runtime_error("no expectation: " + vector.name);
  }
  return vectors;
}

}  // namespace tornado::test
