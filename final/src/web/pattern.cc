#include "web/pattern.h"

#include <re2/re2.h>
#include <tornado/escape.h>

#include <cctype>
#include <stdexcept>

namespace tornado::web::detail {
namespace {

constexpr std::string_view kSpecial = "\\^$.|?*+()[]{}";

bool is_special(char c) {
  return kSpecial.find(c) != std::string_view::npos;
}

// "\." stands for "."; "\d" is no text.
bool is_escaped_text(const std::string& text, std::size_t at) {
  if (text[at] != '\\' || at + 1 >= text.size()) return false;
  const auto next = static_cast<unsigned char>(text[at + 1]);
  return next < 0x80 && std::isalnum(next) == 0;
}

// Behind the group that begins at `at`; npos if it holds another group or does not end.
std::size_t behind_group(const std::string& text, std::size_t at) {
  bool in_class = false;
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      ++i;
    } else if (in_class) {
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
    } else if (c == '(') {
      return std::string::npos;
    } else if (c == ')') {
      return i + 1;
    }
  }
  return std::string::npos;
}

bool is_quantifier(char c) {
  return c == '?' || c == '*' || c == '+' || c == '{';
}

}  // namespace

Pattern::Pattern(const std::string& text) : text_(text) {
  // Tornado appends "$" to what has none; here every match is of the whole path anyway.
  if (text_.ends_with('$') && !text_.ends_with("\\$")) text_.pop_back();
  find_prefix(text_);
  find_pieces(text_);
  if (literal_) return;
  re2::RE2::Options options;
  options.set_encoding(re2::RE2::Options::EncodingLatin1);  // paths are bytes
  options.set_log_errors(false);
  regex_ = std::make_unique<re2::RE2>(text_, options);
  if (!regex_->ok()) {
    throw std::invalid_argument("route '" + text + "': " + regex_->error());
  }
  group_count_ = regex_->NumberOfCapturingGroups();
  if (pieces_ && pieces_->size() != static_cast<std::size_t>(group_count_) + 1) pieces_.reset();
}

Pattern::~Pattern() = default;

void Pattern::find_prefix(const std::string& text) {
  if (text.find('|') != std::string::npos) return;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t next = at + 1;
    char c = text[at];
    if (is_escaped_text(text, at)) {
      c = text[at + 1];
      next = at + 2;
    } else if (is_special(c)) {
      return;
    }
    if (next < text.size() && is_quantifier(text[next])) return;
    prefix_ += c;
    at = next;
  }
  literal_ = prefix_;
}

void Pattern::find_pieces(const std::string& text) {
  std::vector<std::string> pieces(1);
  std::size_t at = 0;
  while (at < text.size()) {
    if (is_escaped_text(text, at)) {
      pieces.back() += text[at + 1];
      at += 2;
    } else if (text[at] == '(') {
      at = behind_group(text, at);
      if (at == std::string::npos) return;
      pieces.emplace_back();
    } else if (is_special(text[at])) {
      return;
    } else {
      pieces.back() += text[at++];
    }
    if (at < text.size() && is_quantifier(text[at])) return;
  }
  pieces_ = std::move(pieces);
}

bool Pattern::match(std::string_view path, std::vector<std::string_view>& captures) const {
  if (literal_) {
    captures.clear();
    return path == *literal_;
  }
  if (!path.starts_with(prefix_)) return false;
  const std::size_t count = static_cast<std::size_t>(group_count_) + 1;
  std::vector<re2::StringPiece> groups(count);
  const re2::StringPiece text(path.data(), path.size());
  if (!regex_->Match(text, 0, path.size(), re2::RE2::ANCHOR_BOTH, groups.data(),
                     static_cast<int>(count))) {
    return false;
  }
  captures.clear();
  for (std::size_t i = 1; i < count; ++i) captures.emplace_back(groups[i].data(), groups[i].size());
  return true;
}

std::string Pattern::reverse(const std::vector<std::string>& args) const {
  if (!pieces_) throw std::invalid_argument("the pattern '" + text_ + "' cannot be reversed");
  if (args.size() + 1 != pieces_->size()) {
    throw std::invalid_argument("the pattern '" + text_ + "' takes " +
                                std::to_string(pieces_->size() - 1) + " arguments, not " +
                                std::to_string(args.size()));
  }
  std::string path = pieces_->front();
  for (std::size_t i = 0; i < args.size(); ++i) {
    path += escape::url_escape(args[i], false);
    path += (*pieces_)[i + 1];
  }
  return path;
}

}  // namespace tornado::web::detail
