#include "http/client/client_core.h"

#include <sys/socket.h>

#include <cerrno>

#include "http/client/client_fetch.h"
#include "http/client/defaults.h"
#include "loop/loop_state.h"

namespace tornado::http {

using core::ListHook;
using core::Ref;

// The cores of one loop.
struct ClientCore::OfLoop final : ioloop::detail::LoopLocal {
  ~OfLoop() override {
    while (cores.linked()) {
      const Ref<ClientCore> core(static_cast<ClientCore*>(cores.next()));
      core->unlink();
      core->loop_closes();
    }
  }

  ListHook cores;
};

ClientCore::ClientCore(const httpclient::ClientOptions& client_options)
    : loop(ioloop::IOLoop::current()),
      options(client_options),
      limits(response_limits(client_options)) {
  if (options.max_clients == 0) {
    throw std::invalid_argument("AsyncHTTPClient: max_clients is 0, but must be positive");
  }
  link_before(loop.internals().local<OfLoop>().cores);
}

ClientCore::~ClientCore() = default;

bool is_quiet(int fd) {
  char byte;
  const ssize_t count = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void ClientCore::add(const Ref<ClientFetch>& fetch) {
  if (closed_) throw std::runtime_error("fetch() called on closed AsyncHTTPClient");
  fetch->check();
  Ref<ClientFetch>(fetch).detach()->link_before(waiting_);  // until fetch_over()
  if (active_count_ >= options.max_clients) {
    fetch->wait();
  } else {
    begin_waiting();
  }
}

void ClientCore::begin_waiting() {
  // A fetch may end at once and call this again: a loop instead of a recursion.
  if (std::exchange(beginning_, true)) return;
  while (waiting_.linked() && active_count_ < options.max_clients) {
    auto& next = static_cast<ClientFetch&>(*waiting_.next());
    next.link_before(active_);
    ++active_count_;
    next.begin();
  }
  beginning_ = false;
}

void ClientCore::fetch_over(ClientFetch& fetch, bool begun) {
  if (!fetch.linked()) return;
  const auto over = Ref<ClientFetch>::adopt(&fetch);
  fetch.unlink();
  if (begun) --active_count_;
  if (!closed_) begin_waiting();
}

void ClientCore::close() {
  if (closed_) return;  // the loop may be gone
  if (loop.internals().closed) return loop_closes();
  const Ref<ClientCore> self(this);
  closed_ = true;
  for (ListHook* list : {&waiting_, &active_}) {
    while (list->linked()) {
      static_cast<ClientFetch&>(*list->next())
          .fail(std::make_exception_ptr(
              httpclient::HTTPStreamClosedError("the AsyncHTTPClient was closed")));
    }
  }
  close_connections();
}

void ClientCore::loop_closes() {
  const Ref<ClientCore> self(this);
  closed_ = true;
  for (ListHook* list : {&waiting_, &active_}) {
    while (list->linked()) static_cast<ClientFetch&>(*list->next()).abandon();
  }
  close_connections();
}

}  // namespace tornado::http
