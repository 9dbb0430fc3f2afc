// Internal header: parses expressions.
#pragma once

#include <string_view>
#include <vector>

#include "web/template/expression.h"

namespace tornado::template_::detail {

// Each parses the whole text. Throws SyntaxError.
ExpressionPtr parse_expression(std::string_view text, Scope& scope);
Assignment parse_assignment(std::string_view text, Scope& scope);
Loop parse_loop(std::string_view text, Scope& scope);  // "x in items"
std::vector<Import> parse_import(std::string_view text,
                                 Scope& scope);                  // "import a", "from a import b"
ExceptClause parse_except(std::string_view text, Scope& scope);  // "KeyError as e"

}  // namespace tornado::template_::detail
