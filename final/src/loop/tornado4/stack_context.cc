#include <tornado/stack_context.h>

#include <stdexcept>

namespace tornado::stack_context {

using core::Context;
using core::Entered;
using core::Function;
using core::Owned;
using core::Pooled;
using core::Ref;

namespace {

class ExceptionLink final : public Context, public Pooled {
 public:
  ExceptionLink(Ref<Context> outer, Function<bool(const std::exception_ptr&)> handler)
      : Context(std::move(outer)), handler_(std::move(handler)) {}
  bool handle(const std::exception_ptr& exception) override { return handler_(exception); }

 private:
  const Function<bool(const std::exception_ptr&)> handler_;
};

class FactoryLink final : public Context, public Pooled {
 public:
  FactoryLink(Ref<Context> outer, Function<Owned<Entered>()> factory)
      : Context(std::move(outer), true), factory_(std::move(factory)) {}
  Owned<Entered> enter() override { return factory_(); }

 private:
  const Function<Owned<Entered>()> factory_;
};

}  // namespace

Ref<Context> ExceptionStackContext::open(Ref<Context> outer) && {
  return Ref<Context>(new ExceptionLink(std::move(outer), std::move(handler_)));
}

Ref<Context> StackContext::open(Ref<Context> outer) && {
  return Ref<Context>(new FactoryLink(std::move(outer), std::move(factory_)));
}

void detail::require_home(const Context* context) {
  if (context == nullptr || context->at_home()) return;
  throw std::logic_error(
      "a wrapped function was called on a thread that is not its own; hand over with "
      "IOLoop::add_callback");
}

}  // namespace tornado::stack_context
