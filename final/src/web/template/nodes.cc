#include "web/template/nodes.h"

#include <algorithm>

#include "web/template/builtins.h"
#include "web/template/methods.h"
#include "web/template/value_bodies.h"

namespace tornado::template_::detail {

// ---- frames -------------------------------------------------------------------------------------

void Frame::resolve(std::size_t slot) {
  const std::string& name = slot_names_[slot];
  const Value* found = names_.find(name);
  if (found == nullptr && loader_names_ != nullptr) found = loader_names_->find(name);
  if (found == nullptr) found = find_builtin(name);
  if (found == nullptr) fail("NameError", "name '" + name + "' is not defined");
  write(slot, *found);
}

core::Ref<Frame::Handle> Frame::handle() {
  if (!handle_) {
    handle_ = core::Ref(new Handle);
    handle_->frame = this;
  }
  return handle_;
}

std::size_t Scope::slot(std::string_view name) {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end()) {
    names_.emplace_back(name);
    return names_.size() - 1;
  }
  return static_cast<std::size_t>(found - names_.begin());
}

void Target::assign(Frame& frame, Value value) const {
  if (parts.empty()) {
    frame.write(slot, std::move(value));
    return;
  }
  const std::vector<Value> items = to_items(value);
  if (items.size() != parts.size()) {
    const char* problem = items.size() < parts.size() ? "not enough" : "too many";
    fail("ValueError", std::string(problem) + " values to unpack (expected " +
                           std::to_string(parts.size()) + ", got " + std::to_string(items.size()) +
                           ")");
  }
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i].assign(frame, items[i]);
}

SavedSlots::SavedSlots(Frame& frame, const std::vector<std::size_t>& slots)
    : frame_(frame), slots_(slots) {
  saved_.reserve(slots.size());
  for (const std::size_t slot : slots) saved_.push_back(frame.slots[slot]);
}

SavedSlots::~SavedSlots() {
  for (std::size_t i = slots_.size(); i-- > 0;) frame_.slots[slots_[i]] = std::move(saved_[i]);
}

// ---- parts of values ----------------------------------------------------------------------------

const Value& Attribute::see(Frame& frame, Value& scratch) const {
  Value mine;
  const Value& base = base_->see(frame, mine);
  // The common case of a row that is a dict: avoids a copy.
  if (base.type() == Type::kDict && &base != &mine && method_of(base, name_) == nullptr) {
    if (const Value* found = dict_of(base).find(std::string_view(name_))) return *found;
  }
  scratch = attribute(base, name_);
  return scratch;
}

const Value& Index::see(Frame& frame, Value& scratch) const {
  Value mine;
  Value mine_too;
  const Value& base = base_->see(frame, mine);
  const Value& index = index_->see(frame, mine_too);
  if (&base != &mine) {
    if (base.type() == Type::kDict) {
      if (const Value* found = dict_of(base).find(index)) return *found;
    } else if (base.type() == Type::kList) {
      const auto& items = items_of(base);
      return items[place(index, items.size(), "list")];
    }
  }
  scratch = item(base, index);
  return scratch;
}

const Value& Slice::see(Frame& frame, Value& scratch) const {
  const auto part = [&](const ExpressionPtr& given) {
    return given == nullptr ? Value() : given->value(frame);
  };
  const Value base = base_->value(frame);
  scratch = slice(base, part(start_), part(stop_), part(step_));
  return scratch;
}

// ---- calls --------------------------------------------------------------------------------------

Call::Call(ExpressionPtr callee, std::vector<Argument> arguments)
    : callee_(std::move(callee)),
      method_(dynamic_cast<const Attribute*>(callee_.get())),
      arguments_(std::move(arguments)) {}

Arguments Call::evaluate(Frame& frame) const {
  Arguments result;
  result.positional.reserve(arguments_.size());
  for (const Argument& argument : arguments_) {
    Value value = argument.value->value(frame);
    switch (argument.kind) {
      case Argument::Kind::kPositional:
        result.positional.push_back(std::move(value));
        break;
      case Argument::Kind::kKeyword:
        result.keywords.emplace_back(argument.name, std::move(value));
        break;
      case Argument::Kind::kList:
        for (Value& item : to_items(value)) result.positional.push_back(std::move(item));
        break;
      case Argument::Kind::kDict:
        if (value.type() != Type::kDict) fail("TypeError", "argument after ** must be a mapping");
        for (const Value::Pair& item : dict_of(value).items()) {
          result.keywords.emplace_back(item.first.str(), item.second);
        }
        break;
    }
  }
  return result;
}

const Value& Call::see(Frame& frame, Value& scratch) const {
  if (method_ != nullptr) {  // without creating a function object
    const Value base = method_->base().value(frame);
    if (const Method method = method_of(base, method_->name())) {
      scratch = method(base, evaluate(frame));
    } else {
      const Value callee = attribute(base, method_->name());
      scratch = callee.call(evaluate(frame));
    }
    return scratch;
  }
  const Value callee = callee_->value(frame);
  scratch = callee.call(evaluate(frame));
  return scratch;
}

class Lambda::Function final : public FunctionBody {
 public:
  Function(const Lambda& lambda, core::Ref<Frame::Handle> handle)
      : lambda_(lambda), handle_(std::move(handle)) {}

  Value call(const Arguments& arguments) override {
    constexpr int kMostCalls = 100;
    Frame* frame = handle_->frame;
    if (frame == nullptr) fail("RuntimeError", "a lambda was called after its template had ended");
    check_arity(arguments, lambda_.parameters_.size(), lambda_.parameters_.size());
    if (frame->calls == kMostCalls) fail("RecursionError", "lambdas call each other 100 deep");
    const SavedSlots saved(*frame, lambda_.parameters_);
    for (std::size_t i = 0; i < lambda_.parameters_.size(); ++i) {
      frame->write(lambda_.parameters_[i], arguments.positional[i]);
    }
    struct Depth {
      explicit Depth(Frame& counted) : frame(counted) { ++frame.calls; }
      Depth(const Depth&) = delete;
      Depth& operator=(const Depth&) = delete;
      ~Depth() { --frame.calls; }
      Frame& frame;
    };
    const Depth depth(*frame);
    return lambda_.body_->value(*frame);
  }

 private:
  const Lambda& lambda_;  // part of the template, which lives at least as long as its frame
  core::Ref<Frame::Handle> handle_;
};

const Value& Lambda::see(Frame& frame, Value& scratch) const {
  scratch = Value(Type::kFunction, new Function(*this, frame.handle()));
  return scratch;
}

// ---- operators ----------------------------------------------------------------------------------

const Value& Binary::see(Frame& frame, Value& scratch) const {
  Value mine;
  Value mine_too;
  const Value& left = left_->see(frame, mine);
  const Value& right = right_->see(frame, mine_too);
  scratch = binary(op_, left, right);
  return scratch;
}

const Value& Unary::see(Frame& frame, Value& scratch) const {
  Value mine;
  const Value& operand = operand_->see(frame, mine);
  switch (kind_) {
    case Kind::kMinus:
      scratch = negate(operand);
      break;
    case Kind::kPlus:
      scratch = operand.type() == Type::kFloat ? operand : negate(negate(operand));
      break;
    case Kind::kInvert:
      scratch = invert(operand);
      break;
    case Kind::kNot:
      scratch = !operand.truth();
      break;
  }
  return scratch;
}

const Value& Logical::see(Frame& frame, Value& scratch) const {
  for (std::size_t i = 0; i + 1 < operands_.size(); ++i) {
    const Value& value = operands_[i]->see(frame, scratch);
    if (value.truth() != is_and_) return value;
  }
  return operands_.back()->see(frame, scratch);
}

const Value& Compare::see(Frame& frame, Value& scratch) const {
  Value left = first_->value(frame);
  for (const auto& [op, operand] : links_) {
    Value right = operand->value(frame);
    if (!compare(op, left, right)) {
      scratch = false;
      return scratch;
    }
    left = std::move(right);
  }
  scratch = true;
  return scratch;
}

const Value& Conditional::see(Frame& frame, Value& scratch) const {
  const bool yes = test_->see(frame, scratch).truth();
  return (yes ? yes_ : no_)->see(frame, scratch);
}

// ---- collections --------------------------------------------------------------------------------

const Value& Sequence::see(Frame& frame, Value& scratch) const {
  std::vector<Value> items;
  items.reserve(items_.size());
  for (const ExpressionPtr& item : items_) items.push_back(item->value(frame));
  scratch = is_tuple_ ? Value::tuple(std::move(items)) : Value::list(std::move(items));
  return scratch;
}

const Value& Dict::see(Frame& frame, Value& scratch) const {
  std::vector<Value::Pair> items;
  for (const auto& [key, item] : items_) {
    Value key_value = key->value(frame);
    items.emplace_back(std::move(key_value), item->value(frame));
  }
  scratch = Value::dict(std::move(items));
  return scratch;
}

struct Comprehension::Results {
  std::vector<Value> items;
  std::vector<Value::Pair> pairs;
};

void Comprehension::run(Frame& frame, std::size_t clause, Results& results) const {
  if (clause == clauses_.size()) {
    if (key_ == nullptr) {
      results.items.push_back(element_->value(frame));
    } else {
      Value key = key_->value(frame);
      results.pairs.emplace_back(std::move(key), element_->value(frame));
    }
    check_length(results.items.size() + results.pairs.size());
    return;
  }
  const Clause& current = clauses_[clause];
  const Value items = current.items->value(frame);
  each_item(items, [&](const Value& item) {
    current.target.assign(frame, item);
    for (const ExpressionPtr& test : current.tests) {
      Value mine;
      if (!test->see(frame, mine).truth()) return true;
    }
    run(frame, clause + 1, results);
    return true;
  });
}

const Value& Comprehension::see(Frame& frame, Value& scratch) const {
  Results results;
  {
    const SavedSlots saved(frame, slots_);
    run(frame, 0, results);
  }
  scratch = key_ == nullptr ? Value::list(std::move(results.items))
                            : Value::dict(std::move(results.pairs));
  return scratch;
}

}  // namespace tornado::template_::detail
