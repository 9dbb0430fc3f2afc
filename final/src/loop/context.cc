#include <tornado/concurrent.h>
#include <tornado/core/context.h>
#include <tornado/ioloop.h>

#include "loop/loop_state.h"
#include "loop/mailbox.h"

namespace tornado::core {

// Brings a reference that was dropped on another thread back to the loop's thread.
class Context::Return final : public OwnedRunnable, public Pooled {
 public:
  explicit Return(Context& context) : context_(context) {}
  // Run, or discarded: once the loop is gone, no other thread is left to race with.
  ~Return() override {
    if (--context_.references_ == 0) context_.unreferenced();
  }

 private:
  Context& context_;
};

Context::Context(Ref<Context> outer) noexcept
    : outer_(std::move(outer)), enters_(outer_ && outer_->enters_) {}
Context::Context(Ref<Context> outer, bool enters) noexcept
    : outer_(std::move(outer)), enters_(enters) {}
Context::~Context() = default;

Ref<Context> Context::capture() {
  if (!mailbox_) mailbox_ = current_loop().internals().mailbox;
  return Ref<Context>(this);
}

void Context::release_elsewhere() noexcept {
  auto* back = new Return(*this);
  // A loop whose thread has ended is closed on another thread.
  if (thread_state.closing || !mailbox_) return back->discard();
  // The context, and with it its reference to the mailbox, may be freed before post() returns.
  const Ref<ioloop::detail::Mailbox> box = mailbox_;
  box->post(*back);
}

void Context::unreferenced() noexcept {
  delete this;
}

Ref<Context> capture_context_for(const ioloop::IOLoop& loop) {
  if (thread_state.context == nullptr) [[likely]]
    return {};
  if (thread_state.running != &loop && thread_state.current != &loop) return {};
  return thread_state.context->capture();
}

// ---- running in one -----------------------------------------------------------------------------

ContextScope::ContextScope(Context* context) noexcept
    : before_(std::exchange(thread_state.context, nullptr)) {
  if (context == nullptr || !context->at_home()) return;
  if (context->enters_ && context != before_) enter(*context);
  thread_state.context = context;
}

// Enters the contexts outermost first, except those that the caller is already in. While one is
// being entered, the context outside it is current.
void ContextScope::enter(Context& context) noexcept {
  Context* const outer = context.outer();
  if (outer != nullptr && outer->enters_ && outer != before_) enter(*outer);
  thread_state.context = outer;
  try {
    Owned<Entered> entered = context.enter();
    if (!entered) return;
    entered->before_ = std::move(entered_);
    entered_ = std::move(entered);
  } catch (...) {
    report_callback_exception();
  }
}

ContextScope::~ContextScope() {
  // One at a time, because a long chain would recurse deeply.
  while (entered_) {
    Owned<Entered> next = std::move(entered_->before_);
    entered_ = std::move(next);
  }
  thread_state.context = before_;
}

bool handle_in_context(std::exception_ptr& exception) noexcept {
  for (Context* at = thread_state.context; at != nullptr; at = at->outer()) {
    try {
      if (at->handle(exception)) return true;
    } catch (...) {
      exception = std::current_exception();
    }
  }
  return false;
}

// ---- coroutines ---------------------------------------------------------------------------------

void Suspension::keep_context() {
  context_ = thread_state.context->capture().detach();
}

void Suspension::resume_in_context() {
  const auto context = Ref<Context>::adopt(std::exchange(context_, nullptr));
  const ContextScope scope(context.get());
  handle_.resume();
}

void Suspension::destroy() {
  const auto context = Ref<Context>::adopt(std::exchange(context_, nullptr));
  handle_.destroy();
}

}  // namespace tornado::core
