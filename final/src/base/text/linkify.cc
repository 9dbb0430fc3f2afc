#include <tornado/escape.h>

#include <algorithm>

#include "base/text/ascii.h"
#include "base/text/unicode.h"

// Tornado finds URLs with one regular expression over the escaped text:
//   \b((?:([\w-]+):(/{1,3})|www[.])(?:(?:(?:[^\s&()]|&amp;|&quot;)*(?:[^!"#$%&'()*+,.:;<=>?@\[\]^`{|}~\s]))
//     |(?:\((?:[^\s&()]|&amp;|&quot;)*\)))+)
// The functions below match the same texts without backtracking: they look at each byte a bounded
// number of times.

namespace tornado::escape {
namespace {

constexpr std::size_t kMaxShown = 30;  // characters; an approximation, as in Tornado

bool is_word(char c) {
  return is_alnum(c) || c == '_';
}
bool is_protocol_char(char c) {
  return is_word(c) || c == '-';
}

// Punctuation may appear inside a URL but not end it: in "see http://a.b/c." the last dot belongs
// to the sentence.
bool may_end_url(char c) {
  return is_protocol_char(c) || c == '/' || c == '\\' || static_cast<unsigned char>(c) >= 0x80 ||
         static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

// Returns the length in bytes of the first item of a URL's body, which is a character or an escaped
// & or quote. 0 if `text` does not begin with one.
std::size_t url_item(std::string_view text) {
  if (text.empty() || text[0] == '(' || text[0] == ')') return 0;
  if (text[0] == '&') {
    if (text.starts_with("&amp;")) return 5;
    return text.starts_with("&quot;") ? 6 : 0;
  }
  const CodePoint c = decode_utf8(text);
  if (c.length == 0) return 1;
  return is_unicode_space(c.value) ? 0 : c.length;
}

struct Run {
  std::size_t length;   // of all items, in bytes
  std::size_t trimmed;  // up to and including the last item that may end a URL
};

Run url_run(std::string_view text) {
  Run run{0, 0};
  while (const std::size_t n = url_item(text.substr(run.length))) {
    const char first = text[run.length];
    run.length += n;
    if (first != '&' && may_end_url(first)) run.trimmed = run.length;
  }
  return run;
}

// Returns the length of the URL after its protocol or "www.", which alternates runs and bracketed
// runs.
std::size_t url_body(std::string_view text) {
  std::size_t length = 0;
  for (;;) {
    const Run run = url_run(text.substr(length));
    length += run.trimmed;
    if (run.trimmed > 0 && run.trimmed < run.length) return length;
    if (length >= text.size() || text[length] != '(') return length;
    const std::size_t close = length + 1 + url_run(text.substr(length + 1)).length;
    if (close >= text.size() || text[close] != ')') return length;
    length = close + 1;
  }
}

struct Url {
  std::size_t start = 0;
  std::size_t length = 0;    // 0 if none was found
  std::size_t protocol = 0;  // length of "http" in "http://"
  std::size_t slashes = 0;
};

// Matches a URL whose first word is text[start, end).
Url url_at(std::string_view text, std::size_t start, std::size_t end) {
  if (end < text.size() && text[end] == ':') {
    std::size_t slashes = 0;
    while (slashes < 3 && end + 1 + slashes < text.size() && text[end + 1 + slashes] == '/')
      ++slashes;
    for (; slashes > 0; --slashes) {
      const std::size_t head = end + 1 + slashes;
      if (const auto body = url_body(text.substr(head)))
        return {start, head + body - start, end - start, slashes};
    }
    return {};
  }
  if (end - start < 3 || !text.substr(end - 3).starts_with("www.")) return {};
  if (end - start > 3 && text[end - 4] != '-') return {};  // in "awww.", "www" is not a word
  const auto body = url_body(text.substr(end + 1));
  return body ? Url{end - 3, body + 4, 0, 0} : Url{};
}

// Finds the first URL at or after `from`, which must not be inside a word.
Url find_url(std::string_view text, std::size_t from) {
  while (from < text.size()) {
    if (!is_word(text[from])) {
      ++from;
      continue;
    }
    std::size_t end = from;
    while (end < text.size() && is_protocol_char(text[end])) ++end;
    const Url url = url_at(text, from, end);
    if (url.length) return url;
    from = end;
  }
  return {};
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string_view first_characters(std::string_view text, std::size_t count) {
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    if ((text[i] & 0xC0) != 0x80 && count-- == 0) break;
  }
  return text.substr(0, i);
}

// Keeps the host and the beginning of the path, because the rest of a shortened URL says little.
// `head` is the length of "http://".
std::string host_and_first_part(std::string_view url, std::size_t head) {
  const std::string_view rest = url.substr(head);
  const auto slash = rest.find('/');
  if (slash == rest.npos) return std::string(url);
  const std::string_view after = rest.substr(slash + 1);
  std::string_view part = first_characters(after.substr(0, after.find('/')), 8);
  part = part.substr(0, part.find('?'));
  part = part.substr(0, part.find('.'));
  return std::string(url.substr(0, head + slash + 1)).append(part);
}

// Returns the text to show for a long URL, or the URL itself if shortening gains nothing.
std::string shortened(std::string_view url, std::size_t head) {
  std::string shown = host_and_first_part(url, head);
  if (count_characters(shown) > kMaxShown * 3 / 2) shown = first_characters(shown, kMaxShown);
  if (shown == url) return shown;
  // Do not cut through an escaped character.
  const auto amp = shown.rfind('&');
  if (amp != shown.npos && count_characters(shown.substr(0, amp)) > kMaxShown - 5)
    shown.resize(amp);
  shown += "...";
  return count_characters(shown) < count_characters(url) ? shown : std::string(url);
}

// Returns the attributes of the link's <a> after its href. A function's result is preceded by a
// blank even if it is empty, as in Tornado.
std::string link_params(std::string_view href, const LinkifyOptions& options) {
  if (options.extra_params_of) {
    return " " + std::string(strip_unicode(options.extra_params_of(href)));
  }
  if (options.extra_params.empty()) return {};
  return " " + std::string(strip_unicode(options.extra_params));
}

void append_link(std::string& out, std::string_view text, const Url& url,
                 const LinkifyOptions& options) {
  const std::string_view whole = text.substr(url.start, url.length);
  const std::string_view protocol = whole.substr(0, url.protocol);
  const auto& permitted = options.permitted_protocols;
  const bool allowed =
      protocol.empty() ? !options.require_protocol
                       : std::find(permitted.begin(), permitted.end(), protocol) != permitted.end();
  if (!allowed) {
    out.append(whole);
    return;
  }
  const std::string href = (protocol.empty() ? "http://" : "") + std::string(whole);
  std::string params = link_params(href, options);
  std::string shown(whole);
  if (options.shorten && count_characters(whole) > kMaxShown) {
    shown = shortened(whole, protocol.empty() ? 0 : url.protocol + 1 + url.slashes);
    if (shown != whole) params += " title=\"" + href + '"';
  }
  out.append("<a href=\"")
      .append(href)
      .append("\"")
      .append(params)
      .append(">")
      .append(shown)
      .append("</a>");
}

}  // namespace

std::string linkify(std::string_view text, const LinkifyOptions& options) {
  const std::string safe = xhtml_escape(text);
  std::string out;
  out.reserve(safe.size());
  std::size_t done = 0;
  for (Url url = find_url(safe, 0); url.length; url = find_url(safe, done)) {
    out.append(safe, done, url.start - done);
    append_link(out, safe, url, options);
    done = url.start + url.length;
  }
  return out.append(safe, done);
}

}  // namespace tornado::escape
