#include "web/template/statements.h"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <typeinfo>

#include "base/text/xhtml_escape.h"
#include "web/template/builtins.h"
#include "web/template/value_bodies.h"

namespace tornado::template_::detail {

Flow Show::run(Frame& frame) const {
  frame.where = &where_;
  Value mine;
  const Value& value = value_->see(frame, mine);
  if (escape_ == nullptr) {
    append_str(frame.out, value);
    return Flow::kOn;
  }
  Value other;
  const Value& escape = escape_->see(frame, other);
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
  return Flow::kOn;
}

Flow Apply::run(Frame& frame) const {
  const SavedSlots saved(frame, slots_);
  std::string before = std::move(frame.out);
  frame.out.clear();
  try {
    body_->run(frame);
  } catch (...) {
    frame.out = std::move(before);
    throw;
  }
  Arguments arguments;
  arguments.positional.emplace_back(std::move(frame.out));
  frame.out = std::move(before);
  frame.where = &where_;
  append_str(frame.out, function_->value(frame).call(arguments));
  return Flow::kOn;
}

Flow Set::run(Frame& frame) const {
  frame.where = &where_;
  const Value value = assignment_.value->value(frame);
  for (const Target& target : assignment_.targets) target.assign(frame, value);
  return Flow::kOn;
}

Flow ImportStatement::run(Frame& frame) const {
  frame.where = &where_;
  for (std::size_t i = 0; i < imports_.size(); ++i) {
    const Import& import = imports_[i];
    const std::string& first = frame.slot_name(names_[i]);
    const Value* known = find_module(first);
    Value value;
    if (known != nullptr) {
      value = *known;
    } else {
      try {
        value = frame.read(names_[i]);
      } catch (const RenderError&) {
        fail("ImportError",
             "No module named '" + first + "': give the template a value of that name");
      }
    }
    for (auto dot = first.size(); dot < import.module.size();) {
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
  return Flow::kOn;
}

Flow If::run(Frame& frame) const {
  for (const Branch& branch : branches_) {
    if (branch.test != nullptr) {
      frame.where = &branch.where;
      Value mine;
      if (!branch.test->see(frame, mine).truth()) continue;
    }
    return branch.body->run(frame);
  }
  return Flow::kOn;
}

Flow For::run(Frame& frame) const {
  frame.where = &where_;
  const Value items = loop_.items->value(frame);
  Flow flow = Flow::kOn;
  each_item(items, [&](const Value& item) {
    loop_.target.assign(frame, item);
    flow = body_->run(frame);
    frame.where = &where_;
    return flow != Flow::kBreak;
  });
  if (flow == Flow::kBreak || otherwise_ == nullptr) return Flow::kOn;
  return otherwise_->run(frame);
}

Flow While::run(Frame& frame) const {
  for (;;) {
    frame.where = &where_;
    Value mine;
    if (!test_->see(frame, mine).truth()) break;
    if (body_->run(frame) == Flow::kBreak) return Flow::kOn;
  }
  return otherwise_ == nullptr ? Flow::kOn : otherwise_->run(frame);
}

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

Flow Try::run_guarded(Frame& frame) const {
  try {
    const Flow flow = body_->run(frame);  // output shown before an exception is kept
    if (flow != Flow::kOn) return flow;
  } catch (...) {
    Caught error = caught_now();
    for (const Handler& handler : handlers_) {
      if (!matches(handler.clause, error.type)) continue;
      if (handler.clause.has_slot) {
        frame.write(handler.clause.slot, Value::object(new ErrorObject(std::move(error))));
      }
      return handler.body->run(frame);
    }
    throw;
  }
  return otherwise_ == nullptr ? Flow::kOn : otherwise_->run(frame);
}

Flow Try::run(Frame& frame) const {
  if (last_ == nullptr) return run_guarded(frame);
  Flow flow = Flow::kOn;
  try {
    flow = run_guarded(frame);
  } catch (...) {
    const Location* where = frame.where;
    const Flow other = last_->run(frame);
    if (other != Flow::kOn) return other;  // a break in `finally` discards the exception
    frame.where = where;
    throw;
  }
  const Flow other = last_->run(frame);
  return other == Flow::kOn ? flow : other;
}

}  // namespace tornado::template_::detail
