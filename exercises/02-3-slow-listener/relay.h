// Passes on what one talker says to many listeners, in one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>

#include "01-blocking-server/socket.h"

class Relay {
 public:
  // A listener that is more bytes than this behind is disconnected.
  static constexpr std::size_t kMaxBehind = 1024 * 1024;

  explicit Relay(mini::Socket talker);
  void add(mini::Socket listener);

  // Does one round: sleeps until there is something to do, but at most `timeout`, then passes on
  // what the talker has said. A listener that reads slowly, or not at all, or leaves, harms no
  // other. Returns false once the talker has left and every listener has got everything.
  bool round(std::chrono::microseconds timeout);

  std::size_t listeners() const { return listeners_.size(); }

 private:
  struct Listener {
    mini::Socket socket;
    std::string behind;  // the bytes it has not taken yet
    bool gone = false;
  };

  void hear();
  void tell(Listener& listener, std::string_view piece);

  mini::Socket talker_;
  bool talker_left_ = false;
  std::list<Listener> listeners_;
};
