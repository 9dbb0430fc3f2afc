#include "web/template/statements.h"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <typeinfo>

#include "base/text/xhtml_escape.h"
#include "web/template/builtins.h"
#include "web/template/methods.h"

namespace tornado::template_::detail {

// ---- exceptions ---------------------------------------------------------------------------------

namespace {

struct StandardException {
  const std::type_info& type;
  const char* name;
};
// The standard library's own classes. A class that a program derives from one of them is not among
// them.
const StandardException kStandard[] = {{typeid(std::out_of_range), "IndexError"},
                                       {typeid(std::invalid_argument), "ValueError"},
                                       {typeid(std::domain_error), "ValueError"},
                                       {typeid(std::length_error), "MemoryError"},
                                       {typeid(std::range_error), "ArithmeticError"},
                                       {typeid(std::overflow_error), "OverflowError"},
                                       {typeid(std::underflow_error), "ArithmeticError"},
                                       {typeid(std::bad_alloc), "MemoryError"},
                                       {typeid(std::runtime_error), "RuntimeError"},
                                       {typeid(std::logic_error), "RuntimeError"}};

// Python's exception classes, each with its base; the others derive from Exception.
constexpr std::pair<std::string_view, std::string_view> kBases[] = {
    {"IndexError", "LookupError"},        {"KeyError", "LookupError"},
    {"OverflowError", "ArithmeticError"}, {"ZeroDivisionError", "ArithmeticError"},
    {"RecursionError", "RuntimeError"},   {"NotImplementedError", "RuntimeError"},
    {"UnboundLocalError", "NameError"},   {"ModuleNotFoundError", "ImportError"},
    {"UnicodeError", "ValueError"}};

bool matches(const ExceptClause& clause, std::string_view type) {
  const auto named = [&](std::string_view name) {
    return std::find(clause.names.begin(), clause.names.end(), name) != clause.names.end();
  };
  if (clause.names.empty() || named("Exception") || named("BaseException") || named(type)) {
    return true;
  }
  const auto base = std::find_if(std::begin(kBases), std::end(kBases),
                                 [&](const auto& pair) { return pair.first == type; });
  return base != std::end(kBases) && named(base->second);
}

// An exception as Python's `except` sees it.
struct Caught {
  std::string type;
  std::string message;
};

Caught caught_now() {
  try {
    throw;
  } catch (const RenderError& error) {
    return {error.type(), error.message()};
  } catch (const std::exception& error) {
    for (const StandardException& known : kStandard) {
      if (typeid(error) == known.type) return {known.name, error.what()};
    }
    return {"Exception", error.what()};
  } catch (...) {
    return {"Exception", ""};
  }
}

// What `except ... as e` binds: str(e) is the message.
class ErrorObject final : public Object {
 public:
  explicit ErrorObject(Caught error) : error_(std::move(error)) {}
  bool attribute(std::string_view name, Value& result) const override {
    if (name != "args") return false;
    result = Value::tuple({Value(error_.message)});
    return true;
  }
  std::string str() const override { return error_.message; }
  std::string_view type_name() const override { return error_.type; }

 private:
  Caught error_;
};

// A RenderError that nests the standard library's exception it stands for.
class NestingError final : public RenderError, public std::nested_exception {
 public:
  using RenderError::RenderError;
};

}  // namespace

void rethrow_with_place(const Frame& frame) {
  const std::string place = frame.where == nullptr ? std::string() : frame.where->text;
  try {
    throw;
  } catch (RenderError& error) {
    error.set_place(place);
    throw;
  } catch (const std::exception& error) {
    for (const StandardException& known : kStandard) {
      if (typeid(error) != known.type) continue;
      NestingError named(known.name, error.what());
      named.set_place(place);
      throw named;
    }
    throw;
  }
}

// ---- statements ---------------------------------------------------------------------------------

namespace {

const Part* part_of(const Statement& statement, Part::Role role) {
  const auto found = std::find_if(statement.parts.begin(), statement.parts.end(),
                                  [&](const Part& part) { return part.role == role; });
  return found == statement.parts.end() ? nullptr : &*found;
}

Flow run_part(const Statement& statement, Part::Role role, Frame& frame) {
  const Part* part = part_of(statement, role);
  return part == nullptr ? Flow::kOn : run(part->body, frame);
}

void show(const Statement& statement, Frame& frame) {
  Value mine;
  const Value& value = see(statement.value, frame, mine);
  if (statement.kind == Statement::Kind::kRaw) return append_str(frame.out, value);
  Value other;
  const Value& escape = see(statement.operands[0], frame, other);
  if (!is_xhtml_escape(escape)) {
    Arguments arguments;
    arguments.positional.push_back(value.str());
    append_str(frame.out, escape.call(arguments));
  } else if (is_text(value)) {
    escape::append_xhtml_escaped(frame.out, text_of(value));
  } else if (value.type() < Type::kString) {
    append_str(frame.out, value);  // numbers, None and bools need no escaping
  } else {
    escape::append_xhtml_escaped(frame.out, value.str());
  }
}

void apply(const Statement& statement, Frame& frame) {
  const SavedSlots saved(frame, statement.locals);
  std::string before = std::exchange(frame.out, {});
  try {
    run(statement.parts[0].body, frame);
  } catch (...) {
    frame.out = std::move(before);
    throw;
  }
  Arguments arguments;
  arguments.positional.emplace_back(std::exchange(frame.out, std::move(before)));
  frame.where = statement.where;
  append_str(frame.out, evaluate(statement.value, frame).call(arguments));
}

// The first name of a module: one of ours, or what the template knows by that name.
Value imported(const std::string& name, std::size_t slot, Frame& frame) {
  if (const Value* known = find_module(name)) return *known;
  try {
    return frame.read(slot);
  } catch (const RenderError&) {
    fail("ImportError", "No module named '" + name + "': give the template a value of that name");
  }
}

void import(const Import& import, Frame& frame) {
  const auto first = std::min(import.module.find('.'), import.module.size());
  Value value = imported(import.module.substr(0, first), import.first_slot, frame);
  for (auto dot = first; dot < import.module.size();) {
    const auto next = std::min(import.module.find('.', dot + 1), import.module.size());
    value = attribute(value, std::string_view(import.module).substr(dot + 1, next - dot - 1));
    dot = next;
  }
  if (!import.member.empty()) {
    Value member;
    if (!find_attribute(value, import.member, member)) {
      fail("ImportError",
           "cannot import name '" + import.member + "' from '" + import.module + "'");
    }
    value = std::move(member);
  }
  frame.write(import.slot, std::move(value));
}

Flow run_if(const Statement& statement, Frame& frame) {
  for (const Part& part : statement.parts) {
    frame.where = part.where;
    Value mine;
    if (part.role == Part::Role::kElse || see(part.test, frame, mine).truth()) {
      return run(part.body, frame);
    }
  }
  return Flow::kOn;
}

Flow run_for(const Statement& statement, Frame& frame) {
  const Value items = evaluate(statement.value, frame);
  const Section& body = statement.parts[0].body;
  Flow flow = Flow::kOn;
  each_item(items, [&](const Value& item) {
    assign(statement.operands[0], frame, item);
    flow = run(body, frame);
    frame.where = statement.where;
    return flow != Flow::kBreak;
  });
  return flow == Flow::kBreak ? Flow::kOn : run_part(statement, Part::Role::kElse, frame);
}

Flow run_while(const Statement& statement, Frame& frame) {
  const Part& body = statement.parts[0];
  for (;;) {
    frame.where = body.where;
    Value mine;
    if (!see(body.test, frame, mine).truth()) break;
    if (run(body.body, frame) == Flow::kBreak) return Flow::kOn;
  }
  return run_part(statement, Part::Role::kElse, frame);
}

// A try without its finally.
Flow run_guarded(const Statement& statement, Frame& frame) {
  try {
    const Flow flow = run(statement.parts[0].body, frame);  // its output stays, exception or not
    if (flow != Flow::kOn) return flow;
  } catch (...) {
    Caught error = caught_now();
    for (const Part& part : statement.parts) {
      if (part.role != Part::Role::kExcept || !matches(part.exception, error.type)) continue;
      if (part.exception.has_slot) {
        frame.write(part.exception.slot, Value::object(new ErrorObject(std::move(error))));
      }
      return run(part.body, frame);
    }
    throw;
  }
  return run_part(statement, Part::Role::kElse, frame);
}

Flow run_try(const Statement& statement, Frame& frame) {
  Flow flow = Flow::kOn;
  try {
    flow = run_guarded(statement, frame);
  } catch (...) {
    const Location* where = frame.where;
    const Flow other = run_part(statement, Part::Role::kFinally, frame);
    if (other != Flow::kOn) return other;  // a break in `finally` discards the exception
    frame.where = where;
    throw;
  }
  const Flow other = run_part(statement, Part::Role::kFinally, frame);
  return other == Flow::kOn ? flow : other;
}

Flow run_one(const Statement& statement, Frame& frame) {
  using Kind = Statement::Kind;
  if (statement.where != nullptr) frame.where = statement.where;
  switch (statement.kind) {
    case Kind::kText:
      frame.out += statement.text;
      return Flow::kOn;
    case Kind::kShow:
    case Kind::kRaw:
      show(statement, frame);
      return Flow::kOn;
    case Kind::kApply:
      apply(statement, frame);
      return Flow::kOn;
    case Kind::kSet: {
      const Value value = evaluate(statement.value, frame);
      for (const Expression& target : statement.operands) assign(target, frame, value);
      return Flow::kOn;
    }
    case Kind::kImport:
      for (const Import& one : statement.imports) import(one, frame);
      return Flow::kOn;
    case Kind::kIf:
      return run_if(statement, frame);
    case Kind::kFor:
      return run_for(statement, frame);
    case Kind::kWhile:
      return run_while(statement, frame);
    case Kind::kTry:
      return run_try(statement, frame);
    case Kind::kBreak:
      return Flow::kBreak;
    case Kind::kContinue:
      return Flow::kContinue;
  }
  return Flow::kOn;
}

}  // namespace

Flow run(const Section& section, Frame& frame) {
  for (const Statement& statement : section) {
    const Flow flow = run_one(statement, frame);
    if (flow != Flow::kOn) return flow;
  }
  return Flow::kOn;
}

}  // namespace tornado::template_::detail
