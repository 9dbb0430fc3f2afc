// An HTTP/1.1 server on streams: many requests on one connection, answered in order.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "04-iostream/tcpserver.h"
#include "05-http/headers.h"
#include "05-http/request_parser.h"

namespace mini {

class HTTPConnection;

// [request]
// A request, and the way to respond to it: now, or later from a callback of the loop. Dropping the
// last pointer to an unanswered request closes its connection. If the client has left, the response
// is discarded. Responding twice throws std::logic_error.
class HTTPServerRequest : public RequestData {
 public:
  HTTPServerRequest(RequestData data, std::shared_ptr<HTTPConnection> connection);
  HTTPServerRequest(const HTTPServerRequest&) = delete;
  HTTPServerRequest& operator=(const HTTPServerRequest&) = delete;
  ~HTTPServerRequest();

  // Sends a complete response. Sets Content-Length, Connection and Date.
  void respond(int status, const HTTPHeaders& fields, const std::string& content);

  // Sends a response in pieces: the head, any number of chunks, the end. Calls `sent` when the
  // kernel has taken everything written so far; a handler with a lot to send waits for that.
  void write_headers(int status, HTTPHeaders fields);
  void write(const std::string& chunk, Callback sent = nullptr);
  void finish();

  // Calls `callback` if the client leaves before the response is finished.
  void set_close_callback(Callback callback);
  bool answered() const { return connection_ == nullptr; }
  // [/request]

  // For the caller of a handler that threw. Responds with 500; closes the connection if a response
  // has already begun; does nothing after a complete one.
  void fail();

 private:
  enum class Framing { kNone, kChunked, kUntilClose };

  void start_answer(int status, HTTPHeaders fields, const std::string& content);
  void end_answer();
  bool has_body(int status) const;
  HTTPConnection& connection();

  std::shared_ptr<HTTPConnection> connection_;  // until the response is finished
  bool started_ = false;
  bool keep_alive_ = false;
  Framing framing_ = Framing::kNone;  // of a response in pieces
};

using RequestCallback = std::function<void(std::shared_ptr<HTTPServerRequest>)>;

// [server]
// Calls the callback with each complete request. If it throws, the client gets a 500, or a closed
// connection if a response had already begun.
class HTTPServer : public TCPServer {
 public:
  HTTPServer(IOLoop& loop, RequestCallback callback, HTTPLimits limits = {});

 private:
  void handle_stream(std::shared_ptr<IOStream> stream) override;

  std::shared_ptr<const RequestCallback> callback_;
  HTTPLimits limits_;
};
// [/server]

}  // namespace mini
