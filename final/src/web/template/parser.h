// Internal header: parses expressions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "web/template/expression.h"

namespace tornado::template_::detail {

// Assigns a slot to each name that a template uses.
class Scope {
 public:
  std::size_t slot(std::string_view name);
  const std::vector<std::string>& names() const noexcept { return names_; }

  // Returns every slot that is assigned to, in the order of the text.
  std::vector<std::size_t>& assigned() noexcept { return assigned_; }
  // Returns the slots assigned to since `mark`, which was the number of them.
  std::vector<std::size_t> assigned_since(std::size_t mark) const {
    return {assigned_.begin() + static_cast<std::ptrdiff_t>(mark), assigned_.end()};
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::size_t> assigned_;
};

// `x = y` and the like, as in a set tag.
struct Assignment {
  std::vector<Expression> targets;  // empty: the expression alone
  Expression value;
};
struct Loop {
  Expression target;
  Expression items;
};
struct Import {
  std::string module;  // dotted
  std::string member;  // of `from`; empty: the module itself
  std::size_t slot = 0;
  std::size_t first_slot = 0;  // of the module's first name
};
struct ExceptClause {
  std::vector<std::string> names;  // of exceptions; empty: all of them
  bool has_slot = false;
  std::size_t slot = 0;
};

// Each parses the whole text. Throws SyntaxError.
Expression parse_expression(std::string_view text, Scope& scope);
Assignment parse_assignment(std::string_view text, Scope& scope);
Loop parse_loop(std::string_view text, Scope& scope);                   // "x in items"
std::vector<Import> parse_import(std::string_view text, Scope& scope);  // "import a"
ExceptClause parse_except(std::string_view text, Scope& scope);         // "KeyError as e"

}  // namespace tornado::template_::detail
