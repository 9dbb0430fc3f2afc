// Internal header: the statements of a template, compiled.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "web/template/expression.h"
#include "web/template/parser.h"

namespace tornado::template_::detail {

struct Statement;
using Section = std::vector<Statement>;

// A block of a statement: the branch of an if, the body of a loop, an except, and so on.
struct Part {
  enum class Role : std::uint8_t { kBody, kExcept, kElse, kFinally };
  Role role = Role::kBody;
  const Location* where = nullptr;
  Expression test;         // of the kBody of an if or while
  ExceptClause exception;  // of a kExcept
  Section body;
};

struct Statement {
  enum class Kind : std::uint8_t {
    kText,    // text
    kShow,    // value; operands: the function that autoescape names
    kRaw,     // value
    kApply,   // value: the function; parts: the body; locals
    kSet,     // value; operands: the targets
    kImport,  // imports
    kIf,      // parts: any number of kBody, kElse
    kFor,     // value: the items; operands: the target; parts: kBody, kElse
    kWhile,   // parts: kBody, kElse
    kTry,     // parts: kBody, any number of kExcept, kElse, kFinally
    kBreak,
    kContinue
  };
  Kind kind = Kind::kText;
  const Location* where = nullptr;
  std::string text;
  Expression value;
  std::vector<Expression> operands;
  std::vector<Import> imports;
  std::vector<std::size_t> locals;  // slots of the variables that the body of an apply sets
  std::vector<Part> parts;
};

enum class Flow : std::uint8_t { kOn, kBreak, kContinue };

// Runs the statements, and appends to frame.out.
Flow run(const Section& section, Frame& frame);

// Rethrows the exception being handled: a RenderError with its position, one of the standard
// library's as a RenderError with Python's name for it, any other unchanged.
[[noreturn]] void rethrow_with_place(const Frame& frame);

}  // namespace tornado::template_::detail
