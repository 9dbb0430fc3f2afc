// Internal header: the statements of a template, which run.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "web/template/expression.h"

namespace tornado::template_::detail {

enum class Flow : std::uint8_t { kOn, kBreak, kContinue };

class Statement {
 public:
  virtual ~Statement() = default;
  virtual Flow run(Frame& frame) const = 0;
};

class Section final : public Statement {
 public:
  void add(std::unique_ptr<const Statement> statement) {
    statements_.push_back(std::move(statement));
  }
  Flow run(Frame& frame) const override {
    for (const auto& statement : statements_) {
      const Flow flow = statement->run(frame);
      if (flow != Flow::kOn) return flow;
    }
    return Flow::kOn;
  }

 private:
  std::vector<std::unique_ptr<const Statement>> statements_;
};

class Text final : public Statement {
 public:
  explicit Text(std::string text) : text_(std::move(text)) {}
  Flow run(Frame& frame) const override {
    frame.out += text_;
    return Flow::kOn;
  }

 private:
  std::string text_;
};

class Show final : public Statement {
 public:
  // `escape` is the function that autoescape names, or null.
  Show(const Location& where, ExpressionPtr value, ExpressionPtr escape)
      : where_(where), value_(std::move(value)), escape_(std::move(escape)) {}
  Flow run(Frame& frame) const override;

 private:
  const Location& where_;
  ExpressionPtr value_;
  ExpressionPtr escape_;
};

class Apply final : public Statement {
 public:
  Apply(const Location& where, ExpressionPtr function, std::unique_ptr<const Statement> body,
        std::vector<std::size_t> slots)
      : where_(where),
        function_(std::move(function)),
        body_(std::move(body)),
        slots_(std::move(slots)) {}
  Flow run(Frame& frame) const override;

 private:
  const Location& where_;
  ExpressionPtr function_;
  std::unique_ptr<const Statement> body_;
  std::vector<std::size_t> slots_;  // slots that the body sets
};

class Set final : public Statement {
 public:
  Set(const Location& where, Assignment assignment)
      : where_(where), assignment_(std::move(assignment)) {}
  Flow run(Frame& frame) const override;

 private:
  const Location& where_;
  Assignment assignment_;
};

class ImportStatement final : public Statement {
 public:
  ImportStatement(const Location& where, std::vector<Import> imports,
                  std::vector<std::size_t> names)
      : where_(where), imports_(std::move(imports)), names_(std::move(names)) {}
  Flow run(Frame& frame) const override;

 private:
  const Location& where_;
  std::vector<Import> imports_;
  std::vector<std::size_t> names_;  // the slot of each module's first name
};

class Jump final : public Statement {
 public:
  explicit Jump(Flow flow) : flow_(flow) {}
  Flow run(Frame&) const override { return flow_; }

 private:
  Flow flow_;
};

class If final : public Statement {
 public:
  struct Branch {
    const Location& where;
    ExpressionPtr test;  // null for else
    std::unique_ptr<Section> body;
  };
  explicit If(std::vector<Branch> branches) : branches_(std::move(branches)) {}
  Flow run(Frame& frame) const override;

 private:
  std::vector<Branch> branches_;
};

class For final : public Statement {
 public:
  For(const Location& where, Loop loop, std::unique_ptr<Section> body,
      std::unique_ptr<Section> otherwise)
      : where_(where),
        loop_(std::move(loop)),
        body_(std::move(body)),
        otherwise_(std::move(otherwise)) {}
  Flow run(Frame& frame) const override;

 private:
  const Location& where_;
  Loop loop_;
  std::unique_ptr<Section> body_;
  std::unique_ptr<Section> otherwise_;  // or null
};

class While final : public Statement {
 public:
  While(const Location& where, ExpressionPtr test, std::unique_ptr<Section> body,
        std::unique_ptr<Section> otherwise)
      : where_(where),
        test_(std::move(test)),
        body_(std::move(body)),
        otherwise_(std::move(otherwise)) {}
  Flow run(Frame& frame) const override;

 private:
  const Location& where_;
  ExpressionPtr test_;
  std::unique_ptr<Section> body_;
  std::unique_ptr<Section> otherwise_;  // or null
};

class Try final : public Statement {
 public:
  struct Handler {
    ExceptClause clause;
    std::unique_ptr<Section> body;
  };
  Try(std::unique_ptr<Section> body, std::vector<Handler> handlers,
      std::unique_ptr<Section> otherwise, std::unique_ptr<Section> last)
      : body_(std::move(body)),
        handlers_(std::move(handlers)),
        otherwise_(std::move(otherwise)),
        last_(std::move(last)) {}
  Flow run(Frame& frame) const override;

 private:
  Flow run_guarded(Frame& frame) const;

  std::unique_ptr<Section> body_;
  std::vector<Handler> handlers_;
  std::unique_ptr<Section> otherwise_;  // or null
  std::unique_ptr<Section> last_;       // or null
};

// Rethrows the exception being handled: a RenderError with its position, one of the standard
// library's as a RenderError with Python's name for it, any other unchanged.
[[noreturn]] void rethrow_with_place(const Frame& frame);

}  // namespace tornado::template_::detail
