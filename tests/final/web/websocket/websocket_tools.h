// Internal header: a WebSocket client that sends arbitrary bytes, the frames to send, and handlers
// that note their events.
#pragma once

#include <tornado/websocket.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../../http/server/server_test_tools.h"
#include "http/websocket/frame.h"

namespace tornado::test {

inline constexpr std::string_view kHandshake =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

inline std::string client_frame(http::Opcode opcode, std::string_view payload, bool fin = true,
                                bool rsv1 = false) {
  constexpr http::MaskKey kKey = {'m', 'a', 's', 'k'};
  std::string out;
  http::append_frame_header(out, opcode, fin, rsv1, payload.size(), &kKey);
  http::append_masked(out, payload, kKey);
  return out;
}
inline std::string text(std::string_view payload) {
  return client_frame(http::Opcode::kText, payload);
}
inline std::string close_frame(int code, std::string_view reason = {}) {
  return client_frame(http::Opcode::kClose, http::close_payload(code, reason));
}

inline std::string server_frame(http::Opcode opcode, std::string_view payload) {
  std::string out;
  http::append_frame_header(out, opcode, true, false, payload.size(), nullptr);
  return out.append(payload);
}
inline std::string server_text(std::string_view payload) {
  return server_frame(http::Opcode::kText, payload);
}
inline std::string server_close(int code, std::string_view reason = {}) {
  return server_frame(http::Opcode::kClose, http::close_payload(code, reason));
}

// The handshake is complete; the received text is empty.
class SocketClient : public Client {
 public:
  SocketClient(ioloop::IOLoop& loop, std::uint16_t port, std::string_view path = "/",
               std::string_view more = "", int receive_buffer = 0)
      : Client(loop, port, receive_buffer) {
    send(get(path, std::string(kHandshake) + std::string(more)));
    until("\r\n\r\n");
    const std::size_t end = received.find("\r\n\r\n");
    head = received.substr(0, end);
    received.erase(0, end == std::string::npos ? end : end + 4);
    EXPECT_TRUE(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n")) << head;
  }

  std::string head;
};

// ---- handlers that note their events ------------------------------------------------------------

using Events = std::vector<std::string>;
// Events in order. Cleared by the fixture.
inline std::vector<std::string> events;
inline std::vector<Future<void>> gates;
inline int living = 0;

inline void note(std::string event) {
  events.push_back(std::move(event));
}

// Counts its instances and notes its end.
struct Noted : websocket::WebSocketHandler {
  Noted() { ++living; }
  ~Noted() override { --living; }
  void on_finish() override { note("on_finish"); }
  void on_close() {
    note("on_close " + std::to_string(close_code().value_or(0)) + " " + close_reason());
  }
};

struct Echo : Noted {
  void open() { note("open"); }
  void on_message(websocket::Message message) { write_message(message); }
  void on_ping(std::string data) { note("ping " + data); }
  void on_pong(std::string_view data) { note("pong " + std::string(data)); }
};

class WebSocketFixture : public ::testing::Test {
 protected:
  WebSocketFixture() {
    gates.clear();
    events.clear();
    living = 0;
  }
  ~WebSocketFixture() override { gates.clear(); }

  template <class H>
  void serve(web::Settings settings = {}, const std::string& pattern = "/.*") {
    app_.emplace(std::vector<web::URLSpec>{web::url<H>(pattern)}, std::move(settings));
    server_ = &app_->listen(0, "127.0.0.1");
  }
  SocketClient connect(std::string_view path = "/", std::string_view more = "",
                       int receive_buffer = 0) {
    return SocketClient(loop_, server_->port(), path, more, receive_buffer);
  }
  std::string ask(const std::string& request) {
    Client client(loop_, server_->port());
    client.send(request);
    client.half_close();
    return client.until_end();
  }
  void some_rounds() {
    run_until(loop_, [n = 0]() mutable { return ++n > 5; });
  }
  void until_events(std::size_t count) {
    run_until(loop_, [count] { return events.size() >= count; });
  }

  LogLines log_;
  ioloop::IOLoop loop_;
  std::optional<web::Application> app_;
  httpserver::HTTPServer* server_ = nullptr;
};

}  // namespace tornado::test
