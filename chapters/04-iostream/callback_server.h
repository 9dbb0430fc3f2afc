// The HTTP server of chapters 01 and 03 on IOStream: only the callbacks are left of it.
#pragma once

#include <memory>
#include <string>

#include "01-blocking-server/exchange.h"
#include "01-blocking-server/request.h"
#include "03-ioloop/loop_server.h"
#include "04-iostream/tcpserver.h"

namespace mini {

// [connection]
// One request and one response. The callback that is due next owns it, and so does the reply.
class CallbackConnection : public std::enable_shared_from_this<CallbackConnection> {
 public:
  CallbackConnection(std::shared_ptr<IOStream> stream, std::shared_ptr<const LoopHandler> handler);
  void start();

 private:
  void on_head(const std::string& head);
  void on_body(std::string body);
  void call_handler();
  void answer(const Response& response);

  std::shared_ptr<IOStream> stream_;
  std::shared_ptr<const LoopHandler> handler_;
  Request request_;
  bool answered_ = false;
};
// [/connection]

// [server]
// Handlers are those of chapter 03.
class CallbackServer : public TCPServer {
 public:
  CallbackServer(IOLoop& loop, LoopHandler handler);

 private:
  void handle_stream(std::shared_ptr<IOStream> stream) override;

  std::shared_ptr<const LoopHandler> handler_;
};
// [/server]

}  // namespace mini
