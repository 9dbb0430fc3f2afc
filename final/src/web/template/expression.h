// Internal header: expressions, compiled.
#pragma once

#include <tornado/template.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "web/template/operations.h"
#include "web/template/value_bodies.h"

namespace tornado::template_::detail {

// The position of a statement, as error messages show it: "story.html:3 (via index.html:7)".
struct Location {
  std::string text;
};

// The variables of a template while it runs: one slot for each name that it uses.
struct Slot {
  Value value;
  bool is_set = false;
};

// One run of a template.
class Frame {
 public:
  Frame(const std::vector<std::string>& slot_names, const Namespace& names,
        const Namespace* loader_names)
      : slots(slot_names.size()),
        slot_names_(slot_names),
        names_(names),
        loader_names_(loader_names) {}
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;
  ~Frame() {
    if (handle_) handle_->frame = nullptr;
  }

  // Returns the variable's value. One that is not set yet is looked up in the namespaces, and kept;
  // throws RenderError (NameError) if it is in none of them.
  const Value& read(std::size_t slot) {
    if (!slots[slot].is_set) resolve(slot);
    return slots[slot].value;
  }
  void write(std::size_t slot, Value value) {
    slots[slot].value = std::move(value);
    slots[slot].is_set = true;
  }
  const std::string& slot_name(std::size_t slot) const { return slot_names_[slot]; }

  // The data of a lambda, in a form that may outlive the frame.
  struct Handle final : Body {
    Frame* frame = nullptr;
  };
  core::Ref<Handle> handle();

  std::vector<Slot> slots;
  std::string out;
  const Location* where = nullptr;  // of the running statement
  int calls = 0;                    // depth of nested lambda calls

 private:
  void resolve(std::size_t slot);

  const std::vector<std::string>& slot_names_;
  const Namespace& names_;
  const Namespace* loader_names_;
  core::Ref<Handle> handle_;
};

class Expression {
 public:
  virtual ~Expression() = default;
  // Returns the value: `scratch`, or one that is stored elsewhere and stays valid at least as long
  // as the frame's variables do not change.
  virtual const Value& see(Frame& frame, Value& scratch) const = 0;
  Value value(Frame& frame) const {
    Value scratch;
    const Value& seen = see(frame, scratch);
    return &seen == &scratch ? std::move(scratch) : seen;
  }
};
using ExpressionPtr = std::unique_ptr<const Expression>;

// The left side of a for or set: names, nested as tuples are.
struct Target {
  std::size_t slot = 0;
  std::vector<Target> parts;  // if not empty, the value is unpacked

  void assign(Frame& frame, Value value) const;
};

// Assigns a slot to each name that a template uses.
class Scope {
 public:
  std::size_t slot(std::string_view name);
  const std::vector<std::string>& names() const noexcept { return names_; }

  // Returns every slot that is assigned to, in the order of the text.
  std::vector<std::size_t>& assigned() noexcept { return assigned_; }

 private:
  std::vector<std::string> names_;
  std::vector<std::size_t> assigned_;
};

// An error in an expression, and its line within the expression, from 0.
class SyntaxError : public std::exception {
 public:
  SyntaxError(std::string message, int line) : message_(std::move(message)), line_(line) {}
  const char* what() const noexcept override { return message_.c_str(); }
  int line() const noexcept { return line_; }

 private:
  std::string message_;
  int line_;
};

// `x = y` and the like, as in a set tag.
struct Assignment {
  std::vector<Target> targets;  // empty: the expression alone
  ExpressionPtr value;
};
struct Loop {
  Target target;
  ExpressionPtr items;
};
struct Import {
  std::string module;  // dotted
  std::string member;  // of `from`; empty: the module itself
  std::size_t slot = 0;
};
struct ExceptClause {
  std::vector<std::string> names;  // of exceptions; empty: all of them
  bool has_slot = false;
  std::size_t slot = 0;
};

// Saves variables, and restores them on destruction, so that the variables set in a comprehension,
// lambda or apply stay local.
class SavedSlots {
 public:
  SavedSlots(Frame& frame, const std::vector<std::size_t>& slots);
  SavedSlots(const SavedSlots&) = delete;
  SavedSlots& operator=(const SavedSlots&) = delete;
  ~SavedSlots();

 private:
  Frame& frame_;
  const std::vector<std::size_t>& slots_;
  std::vector<Slot> saved_;
};

// Calls `see(item)` for each item that a loop over `value` yields, until it returns false.
template <class See>
void each_item(const Value& value, const See& see) {
  if (is_sequence(value)) {
    for (const Value& item : items_of(value)) {
      if (!see(item)) return;
    }
  } else if (const auto* range = object_as<RangeBody>(value)) {
    for (std::int64_t i = 0; i < range->size; ++i) {
      if (!see(Value(range->at(i)))) return;
    }
  } else {
    for (const Value& item : to_items(value)) {
      if (!see(item)) return;
    }
  }
}

}  // namespace tornado::template_::detail
