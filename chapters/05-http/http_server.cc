#include "05-http/http_server.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <stdexcept>
#include <utility>

#include "05-http/http_connection.h"
#include "05-http/status.h"

namespace mini {
namespace {

std::string head_bytes(int status, const HTTPHeaders& headers) {
  std::string bytes = "HTTP/1.1 " + std::to_string(status) + " " + reason_phrase(status) + "\r\n";
  for (const auto& [name, value] : headers) bytes += name + ": " + value + "\r\n";
  return bytes + "\r\n";
}

std::string chunk_bytes(const std::string& data) {
  std::array<char, 20> size;
  const int length = std::snprintf(size.data(), size.size(), "%zx\r\n", data.size());
  return std::string(size.data(), static_cast<std::size_t>(length)) + data + "\r\n";
}

}  // namespace

HTTPServerRequest::HTTPServerRequest(RequestData data, std::shared_ptr<HTTPConnection> connection)
    : RequestData(std::move(data)), connection_(std::move(connection)) {}

HTTPServerRequest::~HTTPServerRequest() {
  if (connection_) connection_->abort();  // nobody is left to respond
}

HTTPConnection& HTTPServerRequest::connection() {
  if (!connection_) throw std::logic_error("this request has already been answered");
  return *connection_;
}

void HTTPServerRequest::set_close_callback(Callback callback) {
  connection().set_close_callback(std::move(callback));
}

bool HTTPServerRequest::has_body(int status) const {
  return method != "HEAD" && status != 204 && status != 304;
}

// [respond]
void HTTPServerRequest::respond(int status, const HTTPHeaders& fields, const std::string& content) {
  HTTPHeaders own = fields;
  // A 204 must not have a length; a 304 may have the page's, which we do not know (RFC 9110 8.6).
  if (status != 204 && status != 304) own.set("Content-Length", std::to_string(content.size()));
  keep_alive_ = keep_alive();
  start_answer(status, std::move(own), has_body(status) ? content : "");
  end_answer();
}

void HTTPServerRequest::start_answer(int status, HTTPHeaders fields, const std::string& content) {
  if (started_) throw std::logic_error("the response has already begun");
  fields.set("Date", http_date(std::time(nullptr)));
  fields.remove("Connection");
  if (!keep_alive_) {
    fields.add("Connection", "close");
  } else if (version == "HTTP/1.0") {
    fields.add("Connection", "keep-alive");  // an old client expects a close
  }
  connection().write(head_bytes(status, fields) + content);
  started_ = true;
}

void HTTPServerRequest::end_answer() {
  std::exchange(connection_, nullptr)->finish_answer(keep_alive_);
}
// [/respond]

// [pieces]
// The head leaves before anybody knows the length. HTTP/1.1 marks the end with an empty chunk,
// HTTP/1.0 by closing the connection.
void HTTPServerRequest::write_headers(int status, HTTPHeaders fields) {
  fields.remove("Content-Length");
  fields.remove("Transfer-Encoding");
  keep_alive_ = keep_alive();
  if (has_body(status)) framing_ = version == "HTTP/1.1" ? Framing::kChunked : Framing::kUntilClose;
  if (framing_ == Framing::kChunked) fields.add("Transfer-Encoding", "chunked");
  if (framing_ == Framing::kUntilClose) keep_alive_ = false;
  start_answer(status, std::move(fields), "");
}

void HTTPServerRequest::write(const std::string& chunk, Callback sent) {
  if (!started_) throw std::logic_error("write() before write_headers()");
  const bool nothing = chunk.empty() || framing_ == Framing::kNone;  // an empty chunk is the end
  std::string bytes;
  if (!nothing) bytes = framing_ == Framing::kChunked ? chunk_bytes(chunk) : chunk;
  connection().write(std::move(bytes), std::move(sent));
}

void HTTPServerRequest::finish() {
  if (!started_) throw std::logic_error("finish() before write_headers()");
  connection().write(framing_ == Framing::kChunked ? "0\r\n\r\n" : "");
  end_answer();
}
// [/pieces]

// [fail]
void HTTPServerRequest::fail() {
  if (!connection_) return;  // it responded first and threw afterwards
  if (started_) return std::exchange(connection_, nullptr)->abort();  // half a response
  respond(500, {{"Content-Type", "text/plain; charset=UTF-8"}}, "Internal Server Error\n");
}
// [/fail]

// [server]
HTTPServer::HTTPServer(IOLoop& loop, RequestCallback callback, HTTPLimits limits)
    : TCPServer(loop),
      callback_(std::make_shared<const RequestCallback>(std::move(callback))),
      limits_(limits) {}

void HTTPServer::handle_stream(std::shared_ptr<IOStream> stream) {
  std::make_shared<HTTPConnection>(std::move(stream), callback_, limits_)->start();
}
// [/server]

}  // namespace mini
