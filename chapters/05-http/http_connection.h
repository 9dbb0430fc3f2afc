// The server's side of one connection: reads a request, has it answered, reads the next.
#pragma once

#include <memory>
#include <string>

#include "04-iostream/iostream.h"
#include "05-http/http_server.h"
#include "05-http/request_parser.h"

namespace mini {

// [connection]
// One request at a time: while it is being answered nothing is read, so that a client that asks
// faster than it listens fills the kernel's buffers and not ours. It is owned by the callback that
// is due next, and by the request that is being answered.
class HTTPConnection : public std::enable_shared_from_this<HTTPConnection> {
 public:
  HTTPConnection(std::shared_ptr<IOStream> stream, std::shared_ptr<const RequestCallback> callback,
                 HTTPLimits limits);
  ~HTTPConnection();
  void start() { read_request(); }

  // ---- for the request that is being answered
  void write(std::string bytes, Callback sent = nullptr) {
    stream_->write(std::move(bytes), std::move(sent));
  }
  // The answer is whole. The next request is looked for when the kernel has taken it.
  void finish_answer(bool keep_alive);
  void abort() { stream_->close(); }
  void set_close_callback(Callback callback) { stream_->set_close_callback(std::move(callback)); }

 private:
  void read_request();
  void next_request();
  void serve(RequestData data);
  void refuse(int status);

  std::shared_ptr<IOStream> stream_;
  std::shared_ptr<const RequestCallback> callback_;
  RequestParser parser_;
  Timeout patience_{};
};
// [/connection]

}  // namespace mini
