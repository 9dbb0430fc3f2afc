// A chat for nc: each line from one member goes to all others.
#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <string>

#include "04-iostream/tcpserver.h"

namespace mini {

// [chat]
class LineChat : public TCPServer {
 public:
  using TCPServer::TCPServer;
  ~LineChat() override;

  static constexpr std::size_t kMaxLine = 4096;         // bytes; a longer line ends its member
  static constexpr std::size_t kMaxUnsent = 64 * 1024;  // bytes; a slower reader is closed

 private:
  using Member = std::shared_ptr<IOStream>;

  void handle_stream(Member member) override;
  void listen_to(const Member& member);
  void tell_others(const Member& speaker, const std::string& line);

  std::shared_ptr<std::set<Member>> members_ = std::make_shared<std::set<Member>>();
};
// [/chat]

}  // namespace mini
