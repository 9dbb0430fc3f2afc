#include "loop/poller.h"

#include <stdexcept>
#include <string>

namespace tornado::ioloop::detail {

std::unique_ptr<Poller> make_poller(std::string_view name) {
  if (name.empty() || name == "epoll") return make_epoll_poller();
  if (name == "poll") return make_poll_poller();
  throw std::invalid_argument("no poller is called '" + std::string(name) +
                              "': there are epoll and poll");
}

}  // namespace tornado::ioloop::detail
