// Internal header: the context in which code runs and which its callbacks inherit. Its public side
// is tornado/stack_context.h. Implemented in loop/context.cc.
#pragma once

#include <tornado/core/pointers.h>
#include <tornado/core/runtime.h>

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace tornado::ioloop::detail {
class Mailbox;
}

namespace tornado::core {

// An object that lives as long as code runs in a context. Owns the object entered before it, and is
// destroyed before that.
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

// One link of a chain, innermost first. Code that will run in it later holds a reference, as does
// each link to the next outer one. It belongs to the thread that made it: references are taken
// there, but may be dropped on any thread.
class Context {
 public:
  explicit Context(Ref<Context> outer = {}) noexcept;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (home_ != &thread_state) return release_elsewhere();
    if (--references_ == 0) unreferenced();
  }
  bool unique() const noexcept { return references_ == 1; }

  // Takes a reference that may travel to other threads; releasing it there sends it back.
  Ref<Context> capture();

  Context* outer() const noexcept { return outer_.get(); }
  bool at_home() const noexcept { return home_ == &thread_state; }

  // Called when code of this context begins to run. Returns null if nothing needs to be kept
  // meanwhile. Only called for contexts made with `enters`.
  virtual Owned<Entered> enter() { return {}; }
  // Returns the id of the request that this context belongs to; null if there is none.
  virtual const std::string* request_id() const { return nullptr; }
  // Called for an exception that left code of this context. Returns true if it handled it.
  virtual bool handle(const std::exception_ptr& /*exception*/) { return false; }

 protected:
  Context(Ref<Context> outer, bool enters) noexcept;
  virtual ~Context();

  // The last reference is gone: deletes this. Not inline, because g++ 12 would inline it for a
  // context that is a member, which never gets here, and warn.
  virtual void unreferenced() noexcept;

 private:
  friend class ContextScope;
  class Return;

  void release_elsewhere() noexcept;

  const Ref<Context> outer_;
  const ThreadState* const home_ = &thread_state;
  Ref<ioloop::detail::Mailbox> mailbox_;  // of home; set at the first capture
  std::uint32_t references_ = 0;
  const bool enters_;  // whether enter() of this one or of an outer one does anything
};

// Returns the current context, to be stored with code for later; null if there is none.
inline Ref<Context> capture_context() {
  Context* context = thread_state.context;
  if (context == nullptr) [[likely]]
    return {};
  return context->capture();
}
// The same for code that `loop` will run; null if that is another thread's loop.
Ref<Context> capture_context_for(const ioloop::IOLoop& loop);

// Makes `context` the current one for this scope, and enters those links of its chain that are not
// entered yet. An exception of a context's factory is logged, and the code runs without it. On a
// thread other than the context's own, there is no current context.
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

// Runs `body` in the captured `context`. The loop itself runs everything in no context, so there is
// nothing to do for null.
template <class Body>
void run_in_context(Ref<Context> context, Body&& body) {
  if (!context) [[likely]]
    return body();
  const ContextScope scope(context.get());
  body();
}

// Offers an exception that left running code to the thread's contexts, innermost first. Returns
// false if none handled it; `exception` is then the one that the outermost context left.
bool handle_in_context(std::exception_ptr& exception) noexcept;

}  // namespace tornado::core
