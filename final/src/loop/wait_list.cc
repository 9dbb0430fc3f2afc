#include <tornado/core/wait_list.h>

#include <algorithm>

namespace tornado::core {

WaitList::~WaitList() {
  while (const Ref<Waiting> waiting = next()) waiting->cancel();
}

void WaitList::add(const Ref<Waiting>& waiting, const Deadline& deadline) {
  if (size_ >= sweep_at_) {
    sweep();
    sweep_at_ = std::max(kFirstSweep, 2 * size_);
  }
  if (deadline.set()) {
    auto& loop = ioloop::IOLoop::current();
    waiting->loop_ = &loop;
    waiting->timer_ = loop.add_timeout(deadline.on(loop), [this, waiting] {
      remove(*waiting);
      if (!waiting->gone()) waiting->expire();
    });
  }
  Ref(waiting).detach()->link_before(head_);
  ++size_;
}

void WaitList::forget(Waiting& waiting) {
  if (waiting.linked()) remove(waiting);
}

Ref<Waiting> WaitList::next() {
  while (head_.linked()) {
    const Ref<Waiting> first(static_cast<Waiting*>(head_.next()));
    remove(*first);
    if (!first->gone()) return first;
  }
  return {};
}

// Touches the loop only if a timer is pending, because then the loop exists.
void WaitList::remove(Waiting& waiting) {
  const auto left = Ref<Waiting>::adopt(&waiting);
  left->unlink();
  --size_;
  if (left->timer_.pending()) left->loop_->remove_timeout(left->timer_);
}

void WaitList::sweep() {
  ListHook* next = nullptr;
  for (ListHook* at = head_.next(); at != &head_; at = next) {
    next = at->next();
    auto& waiting = static_cast<Waiting&>(*at);
    if (waiting.gone()) remove(waiting);
  }
}

void throw_negative(const char* name) {
  throw std::invalid_argument(std::string(name) + " must not be negative");
}

}  // namespace tornado::core
