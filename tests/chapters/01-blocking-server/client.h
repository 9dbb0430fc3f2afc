// The other end of a connection, for tests: sends what the test gives it, and never waits longer
// than 10 s.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "01-blocking-server/socket.h"

namespace mini {

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{10, 0};
    ::setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const int on = 1;
    ::setsockopt(socket_.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* name = reinterpret_cast<const sockaddr*>(&address);
    EXPECT_EQ(::connect(socket_.fd(), name, sizeof address), 0);
  }

  void send(std::string_view data) { socket_.write_all(data); }
  void half_close() { socket_.shutdown_write(); }
  void close() { socket_.close(); }

  // Ends the connection with RST.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(socket_.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    socket_.close();
  }

  // Reads everything until the end of the connection, then closes too. Throws if the connection
  // ends with a reset, or not in time.
  std::string read_to_end() {
    std::string all;
    char piece[65536];
    while (const std::size_t size = socket_.read(piece, sizeof piece)) all.append(piece, size);
    close();
    return all;
  }

  std::string ask(std::string_view request) {
    send(request);
    return read_to_end();
  }

 private:
  Socket socket_;
};

// Both ends of one TCP connection, in one thread. The kernel's buffers lie between them.
struct Pair {
  Pair() : Pair(Socket::listen(0)) {}
  Client client;
  Socket server;

 private:
  explicit Pair(Socket listener) : client(listener.port()), server(*listener.accept()) {}
};

}  // namespace mini
