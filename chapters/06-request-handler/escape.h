// Text as URLs, forms and pages carry it (Tornado: tornado.escape).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini {

// Replaces each "%2F" by the byte it stands for, and with `plus` each "+" by a space, as queries
// and forms mean it. A malformed escape stays as it is.
std::string url_unescape(std::string_view text, bool plus);
// Leaves letters, digits and "-._~" alone, and turns every other byte into "%2F".
std::string url_escape(std::string_view text);

// Replaces & < > " ' by entities, so that the text cannot begin or end anything in a page.
std::string xhtml_escape(std::string_view text);

using Arguments = std::vector<std::pair<std::string, std::string>>;
// Splits "a=1&b=two+words" into names and values, decoded and in order. A pair without "=" has an
// empty value.
Arguments parse_query(std::string_view query);

}  // namespace mini
