// An HTTP/1.1 server on streams: many requests on one connection, answered in their order.
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
// A request, and the way to answer it: now, or from a callback of the loop later. Who drops the
// last pointer to a request that was not answered has closed its connection. When the client has
// left, the answer goes nowhere. An answer after the answer is std::logic_error.
class HTTPServerRequest : public RequestData {
 public:
  HTTPServerRequest(RequestData data, std::shared_ptr<HTTPConnection> connection);
  HTTPServerRequest(const HTTPServerRequest&) = delete;
  HTTPServerRequest& operator=(const HTTPServerRequest&) = delete;
  ~HTTPServerRequest();

  // The whole answer. Content-Length and Connection are set here; so are they below.
  void respond(int status, const HTTPHeaders& fields, const std::string& content);

  // An answer in pieces: the head, any number of chunks, the end. `sent` is called when the kernel
  // has taken all that was written: who has more to say waits for that.
  void write_headers(int status, HTTPHeaders fields);
  void write(const std::string& chunk, Callback sent = nullptr);
  void finish();

  // Called when the client leaves before the answer is finished.
  void set_close_callback(Callback callback);
  bool answered() const { return connection_ == nullptr; }
  // [/request]

  // For who called a handler that threw: answers 500, as far as there was no answer.
  void fail();

 private:
  enum class Framing { kNone, kChunked, kUntilClose };

  void start_answer(int status, HTTPHeaders fields, const std::string& content);
  void end_answer();
  bool has_body(int status) const;
  HTTPConnection& connection();

  std::shared_ptr<HTTPConnection> connection_;  // until the answer is finished
  bool started_ = false;
  bool keep_alive_ = false;
  Framing framing_ = Framing::kNone;  // of an answer in pieces
};

using RequestCallback = std::function<void(std::shared_ptr<HTTPServerRequest>)>;

// [server]
// The callback gets each request when it is whole. What it throws is answered 500, as far as it has
// not answered.
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
