// Collects what the other side of a connection sends.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "01-blocking-server/socket.h"
#include "03-ioloop/ioloop.h"

// Reads from `socket` until the other side has finished sending, then calls `finished` once, with
// everything received and with the connection: the callee may answer on it, at once or after an
// hour. From then on the collector and the loop have nothing more to do with the connection. One
// that breaks is finished too. Calls `progress` after each piece. Other handlers and callbacks of
// the loop get their turn, however fast the other side sends. The loop must outlive the collector.
class Collector {
 public:
  using Finished = std::function<void(const std::string& all, mini::Socket connection)>;

  Collector(
      mini::IOLoop& loop, mini::Socket socket, Finished finished,
      std::function<void()> progress = [] {});
  ~Collector();
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

 private:
  struct Upload;

  void read();
  void finish();

  const Finished finished_;
  const std::function<void()> progress_;
  std::unique_ptr<Upload> upload_;  // null once it is finished
};
