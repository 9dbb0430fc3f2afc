#include "02-3-slow-listener/relay.h"

#include <array>
#include <system_error>
#include <utility>

#include "02-select/nonblocking.h"
#include "02-select/selection.h"

Relay::Relay(mini::Socket talker) : talker_(std::move(talker)) {
  mini::make_nonblocking(talker_);
}

void Relay::add(mini::Socket listener) {
  listeners_.push_back({std::move(listener), ""});
}

bool Relay::round(std::chrono::microseconds timeout) {
  mini::Selection selection;
  if (!talker_left_) selection.watch_read(talker_.fd());
  for (const Listener& one : listeners_) {
    if (!one.behind.empty()) selection.watch_write(one.socket.fd());
  }
  selection.wait(timeout);
  for (Listener& one : listeners_) {
    if (selection.can_write(one.socket.fd())) tell(one, std::exchange(one.behind, ""));
  }
  if (selection.can_read(talker_.fd())) hear();
  std::erase_if(listeners_, [](const Listener& one) { return one.gone; });
  return !talker_left_;
}

void Relay::hear() {
  std::array<char, 65536> piece;
  const auto size = mini::if_ready([&] { return talker_.read(piece.data(), piece.size()); });
  if (!size) return;
  if (*size == 0) talker_left_ = true;
  mini::Selection room;
  for (const Listener& one : listeners_) room.watch_write(one.socket.fd());
  room.wait(std::chrono::microseconds(0));
  for (Listener& one : listeners_) {
    if (one.behind.empty() && room.can_write(one.socket.fd())) {
      tell(one, std::string_view(piece.data(), *size));
    } else {
      one.behind.append(piece.data(), *size);  // later: it is not writable now
    }
  }
}

void Relay::tell(Listener& listener, std::string_view piece) {
  try {
    listener.socket.write_all(piece);
  } catch (const std::system_error&) {
    listener.gone = true;
  }
}
