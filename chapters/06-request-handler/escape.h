// Text as URLs, forms and pages carry it (Tornado: tornado.escape).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini {

// What "%2F" stands for; with `plus`, "+" is a blank, as forms and queries mean it. What is no
// escape stays as it is.
std::string url_unescape(std::string_view text, bool plus);
// Letters, digits and "-._~" stay; all else becomes "%2F".
std::string url_escape(std::string_view text);

// For a page: & < > " ' cannot begin or end anything any more.
std::string xhtml_escape(std::string_view text);

using Arguments = std::vector<std::pair<std::string, std::string>>;
// "a=1&b=two+words": names and values, decoded, in their order. A pair without "=" has an empty
// value.
Arguments parse_query(std::string_view query);

}  // namespace mini
