#include "http/server/deadline_list.h"

namespace tornado::http {

// [start]
void DeadlineList::start(Deadline& deadline, double now) {
  if (!on()) {
    deadline.unlink();
    return;
  }
  if (deadline.list_ == this && deadline.linked() && now + seconds_ <= deadline.at_) return;
  deadline.list_ = this;
  deadline.at_ = now + seconds_ + slack_;
  deadline.link_before(list_);
  if (!timer_.pending()) arm(deadline.at_);
}
// [/start]

void DeadlineList::arm(double at) {
  timer_ = loop_.call_at(at, [this] { sweep(); });
}

void DeadlineList::sweep() {
  const double now = loop_.time();
  while (list_.linked()) {
    auto& first = static_cast<Deadline&>(*list_.next());
    if (first.at_ > now) {
      arm(first.at_);
      return;
    }
    first.unlink();
    first.expired();
  }
}

}  // namespace tornado::http
