// A gate (a reverse proxy) that lets nobody see /admin, and the server behind it. They read the
// same bytes, and do not always see the same requests.  smuggling theirs|ours [PORT]
//   theirs: the server behind the gate is a lenient one
//   ours: it is the server of this chapter
#include <sys/socket.h>

#include <cstdint>
#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "05-http/http_server.h"

namespace {

using Stream = std::shared_ptr<mini::IOStream>;

std::string content_for(const std::string& path) {
  return path == "/admin" ? "The administrator's page.\n" : "The page for everybody.\n";
}

std::string answer(const std::string& status, const std::string& text) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" +
         text;
}

// Returns the value of the first field of this name; empty if there is none.
std::string field(const std::string& head, const std::string& name) {
  const std::size_t at = head.find("\r\n" + name + ": ");
  if (at == head.npos) return "";
  const std::size_t begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

std::string path_of(const std::string& head) {
  const std::size_t begin = head.find(' ') + 1;
  return head.substr(begin, head.find(' ', begin) - begin);
}

// [gate_body]
// The gate is an old program: it has never heard of chunks.
std::size_t body_size(const std::string& head) {
  return std::strtoul(field(head, "Content-Length").c_str(), nullptr, 10);
}
// [/gate_body]

// Forwards the requests of all clients over one connection, and hands out the responses in order.
class Gate final : public mini::TCPServer {
 public:
  Gate(mini::IOLoop& loop, std::uint16_t behind) : TCPServer(loop), behind_(behind) {}

 private:
  void handle_stream(Stream client) override { read_request(client); }

  // [gate]
  void read_request(const Stream& client) {
    client->read_until("\r\n\r\n", [this, client](const std::string& head) {
      client->read_bytes(body_size(head), [this, client, head](const std::string& body) {
        if (path_of(head).starts_with("/admin")) {
          client->write(answer("403 Forbidden", "The gate: not for you.\n"));
          return read_request(client);
        }
        pass_on(client, head + body);
      });
    });
  }
  // [/gate]

  void pass_on(const Stream& client, const std::string& request) {
    if (!server_) {
      server_ = mini::IOStream::create(loop(), mini::Socket(::socket(AF_INET, SOCK_STREAM, 0)));
      server_->connect(behind_, "127.0.0.1", nullptr);
      server_->set_close_callback([this] {
        clients_.clear();  // nobody will answer them
        server_ = nullptr;
      });
    }
    clients_.push_back(client);
    server_->write(request);
    if (clients_.size() == 1) read_answer();
  }

  // [answers]
  void read_answer() {
    server_->read_until("\r\n\r\n", [this](const std::string& head) {
      server_->read_bytes(body_size(head), [this, head](const std::string& body) {
        const Stream client = clients_.front();
        clients_.pop_front();
        client->write(head + body);
        read_request(client);
        if (!clients_.empty()) read_answer();
      });
    });
  }
  // [/answers]

  const std::uint16_t behind_;
  Stream server_;
  std::deque<Stream> clients_;  // that wait for a response, in order
};

// Their server: if a head names two ways to find the end of the body, it takes the newer one.
class TheirServer final : public mini::TCPServer {
 public:
  using TCPServer::TCPServer;

 private:
  void handle_stream(Stream stream) override { read_request(stream); }

  // [theirs]
  void read_request(const Stream& stream) {
    stream->read_until("\r\n\r\n", [this, stream](const std::string& head) {
      const auto done = [this, stream, path = path_of(head)] {
        stream->write(answer("200 OK", content_for(path)));
        read_request(stream);
      };
      if (field(head, "Transfer-Encoding") == "chunked") return skip_chunk(stream, done);
      stream->read_bytes(body_size(head), [done](const std::string&) { done(); });
    });
  }
  // [/theirs]

  static void skip_chunk(const Stream& stream, const std::function<void()>& done) {
    stream->read_until("\r\n", [stream, done](const std::string& line) {
      const std::size_t size = std::strtoul(line.c_str(), nullptr, 16);
      stream->read_bytes(size + 2, [stream, done, size](const std::string&) {
        if (size == 0) return done();
        skip_chunk(stream, done);
      });
    });
  }
};

void respond(const std::shared_ptr<mini::HTTPServerRequest>& request) {
  request->respond(200, {}, content_for(request->path()));
}

}  // namespace

int main(int argc, char** argv) {
  const bool ours = argc > 1 && std::string(argv[1]) == "ours";
  const int port = argc > 2 ? std::atoi(argv[2]) : 8888;
  mini::IOLoop loop;
  std::unique_ptr<mini::TCPServer> server;
  if (ours) {
    server = std::make_unique<mini::HTTPServer>(loop, respond);
  } else {
    server = std::make_unique<TheirServer>(loop);
  }
  server->listen(0);
  Gate gate(loop, server->port());
  gate.listen(static_cast<std::uint16_t>(port));
  loop.start();
}
