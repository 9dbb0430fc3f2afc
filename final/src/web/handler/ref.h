// Internal header. The counted references that keep a RequestHandler alive.
#pragma once

#include <tornado/core/run_queue.h>
#include <tornado/web.h>

#include <utility>

namespace tornado::web {

// Held by the connection's delegate, by each coroutine of the handler, and by anything that will
// run in the handler's context. When the last one goes, the handler is destroyed, and on_finish()
// is called first if it has not been.
class RequestHandler::Ref {
 public:
  Ref() = default;
  explicit Ref(RequestHandler* handler) noexcept : handler_(handler) { retain(); }
  Ref(const Ref& other) noexcept : handler_(other.handler_) { retain(); }
  Ref(Ref&& other) noexcept : handler_(std::exchange(other.handler_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(handler_, other.handler_);
    return *this;
  }
  ~Ref() { release(); }

  RequestHandler* operator->() const noexcept { return handler_; }
  RequestHandler& operator*() const noexcept { return *handler_; }
  explicit operator bool() const noexcept { return handler_ != nullptr; }

 private:
  void retain() const noexcept {
    if (handler_ != nullptr) handler_->context_.retain();
  }
  void release() noexcept {
    if (handler_ != nullptr) handler_->context_.release();
  }

  RequestHandler* handler_ = nullptr;
};

// Keeps an asynchronous handler alive until it responds. The application releases those that never
// do.
class RequestHandler::Open : public core::ListHook {
 public:
  explicit Open(RequestHandler& handler) : self_(&handler) {}
  Ref take() noexcept { return std::move(self_); }

 private:
  Ref self_;
};

}  // namespace tornado::web
