// Internal header: the context that code runs in and that its callbacks inherit. What users see of
// it is tornado/stack_context.h. Implemented in loop/context.cc.
#pragma once

#include <tornado/core/pointers.h>
#include <tornado/core/runtime.h>

#include <cstdint>
#include <exception>
#include <utility>

namespace tornado::ioloop::detail {
class Mailbox;
}

namespace tornado::core {

// Something that lives for as long as code runs in a context. Owns the one that was entered before
// it and goes after it.
class Entered : public Pooled {
 public:
  Entered() = default;
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;
  virtual ~Entered() = default;

 private:
  friend class ContextScope;
  Owned<Entered> before_;
};

// One link of a chain, innermost first. Whatever will run in it later holds a reference; so does
// each link to the next outer one. It belongs to the thread that made it: references are taken
// there, and may be dropped anywhere.
class Context {
 public:
  explicit Context(Ref<Context> outer = {}) noexcept
      : outer_(std::move(outer)), enters_(outer_ && outer_->enters_) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (home_ != &thread_state) return release_elsewhere();
    if (--references_ == 0) unreferenced();
  }
  bool unique() const noexcept { return references_ == 1; }

  // Takes a reference that may travel to other threads: it will find its way back.
  Ref<Context> capture();

  Context* outer() const noexcept { return outer_.get(); }
  bool at_home() const noexcept { return home_ == &thread_state; }

  // Code of this context begins to run. Nothing, if there is nothing to keep meanwhile; only asked
  // of contexts made with `enters`.
  virtual Owned<Entered> enter() { return {}; }
  // An exception left code of this context. True: it has been dealt with.
  virtual bool handle(const std::exception_ptr& /*exception*/) { return false; }

 protected:
  Context(Ref<Context> outer, bool enters) noexcept : outer_(std::move(outer)), enters_(enters) {}
  virtual ~Context() {
    if (mailbox_ != nullptr) forget_mailbox();
  }

  // The last reference has gone: deletes this. (Not inline: g++ 12 sees it inlined for a context
  // that is a member, which never gets here, and warns.)
  virtual void unreferenced() noexcept;

 private:
  friend class ContextScope;
  class Return;

  void release_elsewhere() noexcept;
  void forget_mailbox() noexcept;

  const Ref<Context> outer_;
  const ThreadState* const home_ = &thread_state;
  ioloop::detail::Mailbox* mailbox_ = nullptr;  // of home; counted. Set at the first capture
  std::uint32_t references_ = 0;
  const bool enters_;  // this one's enter() has a meaning, or an outer one's
};

// For whatever keeps code for later: the context that is current, null if none is.
inline Ref<Context> capture_context() {
  Context* context = thread_state.context;
  if (context == nullptr) [[likely]]
    return {};
  return context->capture();
}
// The same for code that `loop` will run; null where that is another thread's loop.
Ref<Context> capture_context_for(const ioloop::IOLoop& loop);

// Makes `context` the current one and enters what of its chain is not entered yet, for as long as
// the scope lives. What a context's factory throws is logged, and the code runs without it. On a
// thread that is not the context's own, none is current.
class ContextScope {
 public:
  explicit ContextScope(Context* context) noexcept;
  ContextScope(const ContextScope&) = delete;
  ContextScope& operator=(const ContextScope&) = delete;
  ~ContextScope();

 private:
  void enter(Context& context) noexcept;

  Context* const before_;
  Owned<Entered> entered_;
};

// Runs `body` where `context` was captured. The loop runs everything in no context, so for null
// there is nothing to do.
template <class Body>
void run_in_context(Ref<Context> context, Body&& body) {
  if (!context) [[likely]]
    return body();
  const ContextScope scope(context.get());
  body();
}

// Offers an exception that left the code that runs to the contexts of the thread, innermost first.
// False: none of them has dealt with it; `exception` is then what the outermost made of it.
bool handle_in_context(std::exception_ptr& exception) noexcept;

}  // namespace tornado::core
