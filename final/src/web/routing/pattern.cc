#include "web/routing/pattern.h"

#include <re2/re2.h>
#include <tornado/escape.h>

#include <cctype>
#include <stdexcept>

namespace tornado::routing::detail {
namespace {

// "\." means "."; "\d" is not text.
bool is_escaped_text(const std::string& text, std::size_t at) {
  if (text[at] != '\\' || at + 1 >= text.size()) return false;
  const auto next = static_cast<unsigned char>(text[at + 1]);
  return next < 0x80 && std::isalnum(next) == 0;
}

// Returns the position after the class "[...]" that begins at `at`; npos if it does not end.
std::size_t behind_class(const std::string& text, std::size_t at) {
  std::size_t i = at + (text.compare(at, 2, "[^") == 0 ? 2 : 1);
  if (text.compare(i, 1, "]") == 0) ++i;  // as the first, it is a member
  while (i < text.size() && text[i] != ']') {
    const bool named = text.compare(i, 2, "[:") == 0;  // "[:alpha:]"
    if (named) i = text.find(":]", i + 2);
    if (i == std::string::npos) return i;
    i += named || text[i] == '\\' ? 2 : 1;
  }
  return i < text.size() ? i + 1 : std::string::npos;
}

// Returns whether a "|" outside of groups may divide the pattern.
bool has_alternatives(const std::string& text) {
  int depth = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '[') {
      at = behind_class(text, at);
      if (at == std::string::npos) return true;
      continue;
    }
    if (c == '|' && depth == 0) return true;
    if (text.compare(at, 2, "\\Q") == 0) return true;  // quotes up to \E
    if (c == '(') ++depth;
    if (c == ')') --depth;
    at += c == '\\' ? 2 : 1;
  }
  return false;
}

// Returns the position after the group that begins at `at`; npos if it contains another group or
// does not end.
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

// Returns the groups of a path, decoded.
MatchParams params_of(const Pattern& pattern, const std::vector<std::string_view>& captures) {
  MatchParams params;
  params.path_args.reserve(captures.size());
  for (const std::string_view capture : captures) {
    if (capture.data() == nullptr) {
      params.path_args.emplace_back();
    } else {
      params.path_args.emplace_back(escape::url_unescape(capture, false));
    }
  }
  for (std::size_t i = 0; i < pattern.group_names().size(); ++i) {
    params.path_kwargs.emplace(pattern.group_names()[i], params.path_args[i]);
  }
  return params;
}

}  // namespace

Pattern::Pattern(const std::string& text) : text_(text) {
  // Tornado appends "$" to a pattern without one; here a match always covers the whole path.
  if (text_.ends_with('$') && !text_.ends_with("\\$")) text_.pop_back();
  if (text_.starts_with('^')) text_.erase(0, 1);
  find_prefix(text_);
  find_pieces(text_);
  tokens_ = simple_tokens(text_);
  if (tokens_) {
    group_count_ = static_cast<int>(tokens_->size()) - 1;
  } else {
    compile();
  }
  take_names();
  if (pieces_ && pieces_->size() != static_cast<std::size_t>(group_count_) + 1) pieces_.reset();
}

Pattern::~Pattern() = default;

void Pattern::compile() {
  re2::RE2::Options options;
  options.set_encoding(re2::RE2::Options::EncodingLatin1);  // paths are bytes
  options.set_log_errors(false);
  regex_ = std::make_unique<re2::RE2>(text_, options);
  if (!regex_->ok()) {
    throw std::invalid_argument("route '" + text_ + "': " + regex_->error());
  }
  group_count_ = regex_->NumberOfCapturingGroups();
}

void Pattern::take_names() {
  int named = 0;
  std::vector<std::string> names(static_cast<std::size_t>(group_count_));
  if (tokens_) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      names[i] = (*tokens_)[i].capture->name;
      named += names[i].empty() ? 0 : 1;
    }
  } else {
    for (const auto& [name, group] : regex_->NamedCapturingGroups()) {
      names[static_cast<std::size_t>(group) - 1] = name;
      ++named;
    }
  }
  if (named == 0) return;
  if (named != group_count_) {
    throw std::invalid_argument("route '" + text_ + "': either all groups have names or none has");
  }
  group_names_ = std::move(names);
}

void Pattern::find_prefix(const std::string& text) {
  if (has_alternatives(text)) return;
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
    if (text.compare(next, 2, "(?") == 0) return;  // a quantifier behind "(?i)" is that of `c`
    prefix_ += c;
    at = next;
  }
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
  if (tokens_) return match_tokens(*tokens_, path, captures);
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
    const std::size_t wanted = pieces_->size() - 1;
    throw std::invalid_argument("the pattern '" + text_ + "' takes " + std::to_string(wanted) +
                                (wanted == 1 ? " argument, not " : " arguments, not ") +
                                std::to_string(args.size()));
  }
  std::string path = pieces_->front();
  for (std::size_t i = 0; i < args.size(); ++i) {
    path += escape::url_escape(args[i], false);
    path += (*pieces_)[i + 1];
  }
  return path;
}

std::optional<MatchParams> match_path(const Pattern& pattern, std::string_view path) {
  std::vector<std::string_view> captures;
  if (!pattern.match(path, captures)) return std::nullopt;
  return params_of(pattern, captures);
}

}  // namespace tornado::routing::detail
