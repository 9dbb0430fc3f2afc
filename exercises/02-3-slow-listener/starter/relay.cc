#include "02-3-slow-listener/relay.h"

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "02-select/nonblocking.h"
#include "02-select/selection.h"

Relay::Relay(mini::Socket talker) : talker_(std::move(talker)) {
  mini::make_nonblocking(talker_);
}

void Relay::add(mini::Socket listener) {
  mini::make_nonblocking(listener);
  listeners_.push_back({std::move(listener), ""});
}

bool Relay::round(std::chrono::microseconds timeout) {
  mini::Selection selection;
  if (!talker_left_) selection.watch_read(talker_.fd());
  for (const Listener& one : listeners_) {
    if (!one.behind.empty()) selection.watch_write(one.socket.fd());
  }
  selection.wait(timeout);
  if (selection.can_read(talker_.fd())) hear();
  for (Listener& one : listeners_) {
    if (selection.can_write(one.socket.fd())) tell(one, std::exchange(one.behind, ""));
  }
  std::erase_if(listeners_,
                [](const Listener& one) { return one.gone || one.behind.size() > kMaxBehind; });
  const bool somebody_is_behind =
      std::any_of(listeners_.begin(), listeners_.end(),
                  [](const Listener& one) { return !one.behind.empty(); });
  return !talker_left_ || somebody_is_behind;
}

void Relay::hear() {
  std::array<char, 65536> piece;
  const auto size = mini::if_ready([&] { return talker_.read(piece.data(), piece.size()); });
  if (!size) return;
  if (*size == 0) talker_left_ = true;
  for (Listener& one : listeners_) tell(one, std::string_view(piece.data(), *size));
}

void Relay::tell(Listener& listener, std::string_view piece) {
  try {
    const auto taken = mini::if_ready([&] { return listener.socket.write(piece); });
    listener.behind += piece.substr(taken.value_or(0));
  } catch (const std::system_error&) {
    listener.gone = true;
  }
}
