// Public header: escaping for HTML and URLs, and checks of text. Mirrors tornado.escape, except
// JSON, which is in tornado/json.h.
//
// Text is bytes in std::string, UTF-8 unless stated otherwise. No function here uses global state,
// all may be called from any thread, none throws on bad input, and the time they take depends only
// on the input's length.
#pragma once

#include <tornado/core/function.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tornado::escape {

// Makes text safe inside HTML and XML, including quoted attributes: & < > " ' become &amp; &lt;
// &gt; &quot; &#x27;. Tornado: xhtml_escape.
std::string xhtml_escape(std::string_view value);

// Resolves character references as a browser does (HTML 13.2.5.72): "&lt;", "&#60;", "&#x3C;", and
// the 2231 names of HTML5, including those allowed without ";". A number that is not a character
// gives U+FFFD or nothing; text that is not a reference stays. Tornado: xhtml_unescape.
std::string xhtml_unescape(std::string_view value);

// Percent-encodes every byte that is not a letter, a digit or one of "_.-~" (RFC 3986 section 2.3).
// plus = true, for query strings and forms: space becomes "+". plus = false, for the path: space
// becomes "%20" and "/" stays. Tornado: url_escape.
std::string url_escape(std::string_view value, bool plus = true);

// Reverses url_escape: resolves %XX and, with plus, turns "+" into space. A "%" without two hex
// digits stays. The result is bytes and need not be UTF-8: check it with is_valid_utf8. Tornado:
// url_unescape with encoding=None.
std::string url_unescape(std::string_view value, bool plus = true);

// Replaces every run of bytes 0x00-0x20 by one space and trims whitespace, including Unicode's,
// from both ends. Tornado: squeeze.
std::string squeeze(std::string_view value);

// Returns the names and values of a query string or form body, decoded by url_unescape, in the
// order they came, with repeats. Only "&" separates, so "a=1;b=2" is one value. "a" and "a=" give
// an empty value; empty pieces are skipped. The result is bytes. Tornado: parse_qs_bytes with
// keep_blank_values.
std::vector<std::pair<std::string, std::string>> parse_qs_bytes(std::string_view qs);

// Returns true if the bytes are well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates,
// nothing above U+10FFFF. Checks ASCII eight bytes at a time.
bool is_valid_utf8(std::string_view bytes) noexcept;

// How linkify makes its links. The names are those of Tornado's arguments.
struct LinkifyOptions {
  bool shorten = false;  // shows at most about 30 characters of a URL, and all of it in title
  std::string extra_params = {};  // inserted into each <a> as it is, such as `rel="nofollow"`
  bool require_protocol = false;  // leaves "www.example.com" alone
  // Protocols that become links; others stay text. Never add "javascript".
  std::vector<std::string> permitted_protocols = {"http", "https"};
  // If set, called with the escaped URL; the result is inserted into the <a> instead of
  // extra_params. In Tornado it is passed as extra_params.
  core::Function<std::string(std::string_view url)> extra_params_of = {};
};

// Turns plain text into HTML: escapes it, then makes the URLs in it links. "Hello
// http://tornadoweb.org!" gives `Hello <a href="http://tornadoweb.org">http://tornadoweb.org</a>!`.
// Only ASCII letters may form a protocol; Python accepts any letter. Tornado: linkify.
std::string linkify(std::string_view text, const LinkifyOptions& options = {});

}  // namespace tornado::escape
