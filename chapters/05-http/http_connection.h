// The server's side of one connection: reads a request, waits for its response, reads the next.
#pragma once

#include <memory>
#include <string>

#include "04-iostream/iostream.h"
#include "05-http/http_server.h"
#include "05-http/request_parser.h"

namespace mini {

// [connection]
// Serves one request at a time. It reads nothing until that request has its response, so a client
// that sends requests faster than it reads responses fills the kernel's buffers and not ours. Owned
// by the callback that is due next, or by the request that is waiting for its response.
class HTTPConnection : public std::enable_shared_from_this<HTTPConnection> {
 public:
  HTTPConnection(std::shared_ptr<IOStream> stream, std::shared_ptr<const RequestCallback> callback,
                 HTTPLimits limits);
  ~HTTPConnection();
  void start() { read_request(); }

  // ---- for the request that is waiting for its response
  void write(std::string bytes, Callback sent = nullptr) {
    stream_->write(std::move(bytes), std::move(sent));
  }
  // The response is complete. Looks for the next request when the kernel has taken all of it. Ends
  // the connection instead if `keep_alive` is false.
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
