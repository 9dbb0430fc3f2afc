// Internal header: expressions, compiled, and what they need while they run.
#pragma once

#include <tornado/template.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "web/template/operations.h"
#include "web/template/value_bodies.h"

namespace tornado::template_::detail {

// ---- running ------------------------------------------------------------------------------------

// The position of a statement, as error messages show it: "story.html:3 (via index.html:7)".
struct Location {
  std::string text;
};

// A variable of a template while it runs.
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

  std::vector<Slot> slots;  // one for each name that the template uses
  std::string out;
  const Location* where = nullptr;  // of the running statement

 private:
  void resolve(std::size_t slot);

  const std::vector<std::string>& slot_names_;
  const Namespace& names_;
  const Namespace* loader_names_;
};

// Saves variables, and restores them on destruction, so that the variables set in a comprehension
// or in an apply block stay local.
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

// ---- expressions --------------------------------------------------------------------------------

struct Expression {
  enum class Kind : std::uint8_t {
    kConstant,           // constant
    kName,               // slot
    kAttribute,          // parts: the base; name
    kIndex,              // parts: base, index
    kSlice,              // parts: base, start, stop, step
    kCall,               // parts: callee, arguments; the last of them have keywords
    kNegative,           // parts: one
    kNot,                // parts: one
    kBinary,             // parts: left, right; operators: one
    kCompare,            // parts: at least two; operators: those between them
    kAnd,                // parts: at least two
    kOr,                 // parts: at least two
    kConditional,        // parts: test, yes, no
    kList,               // parts: its items
    kTuple,              // parts: its items
    kDict,               // parts: key, value, key, value, ...
    kListComprehension,  // parts: item, clauses; locals
    kDictComprehension,  // parts: key, value, clauses; locals
    kClause              // of a comprehension; parts: target, items, tests
  };
  Kind kind = Kind::kConstant;
  std::size_t slot = 0;
  Value constant;
  std::string name;
  std::vector<Expression> parts;
  std::vector<std::string> keywords;
  std::vector<Operator> operators;
  std::vector<std::size_t> locals;  // slots of the variables that a comprehension sets
};

using ExpressionKind = Expression::Kind;

// Returns the value: `scratch`, or one that is stored elsewhere and stays valid at least as long as
// the frame's variables do not change.
const Value& see(const Expression& expression, Frame& frame, Value& scratch);
Value evaluate(const Expression& expression, Frame& frame);

// Sets the variables that a target names: a name, or a list or tuple of targets.
void assign(const Expression& target, Frame& frame, const Value& value);

// Calls `see_item(item)` for each item that a loop over `value` yields, until it returns false.
template <class See>
void each_item(const Value& value, const See& see_item) {
  if (!is_sequence(value)) return each_item(Value::list(to_items(value)), see_item);
  for (const Value& item : items_of(value)) {
    if (!see_item(item)) return;
  }
}

}  // namespace tornado::template_::detail
