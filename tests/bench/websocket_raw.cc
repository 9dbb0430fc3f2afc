// The floor of the WebSocket comparison: the least a program can do and still echo messages. It
// answers any request with a 101 whose key it computes, and sends each whole frame back unmasked,
// all frames of one read in one write. It knows no fragments, no control frames, no UTF-8, no
// limits: never put it on a network.
//
//   websocket_raw PORT
//
// Listens on 127.0.0.1; port 0 takes a free one.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kScratch = 65536;

struct Connection {
  bool open = false;   // the handshake is done
  std::string unread;  // the beginning of a frame or a request
  std::string unsent;  // while there is any, nothing is read
};

int check(int result, const char* what) {
  if (result >= 0) return result;
  std::perror(what);
  std::exit(1);
}

// The response to a request that has a key.
std::string handshake(const std::string& request) {
  const std::size_t at = request.find("Sec-WebSocket-Key: ");
  if (at == std::string::npos) return {};
  const std::string text = request.substr(at + 19, 24) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::array<unsigned char, 32> accept;
  EVP_EncodeBlock(accept.data(), digest.data(), static_cast<int>(digest.size()));
  return std::string(
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: ") +
         reinterpret_cast<const char*>(accept.data()) + "\r\n\r\n";
}

// Appends the echo of the frame that `data` begins with; answers its length, 0 if it is not whole.
std::size_t echo_frame(const char* data, std::size_t size, std::string& out) {
  if (size < 6) return 0;
  const auto byte = [data](std::size_t at) { return static_cast<std::uint8_t>(data[at]); };
  std::size_t length = byte(1) & 0x7Fu;
  std::size_t header = 2;
  if (length == 126) {
    length = static_cast<std::size_t>(byte(2) << 8 | byte(3));
    header = 4;
  } else if (length == 127) {
    return 0;
  }
  if (size < header + 4 + length) return 0;
  const char* const key = data + header;
  out.append(data, 1);
  out += static_cast<char>(header == 2 ? length : 126);
  if (header == 4) out.append(data + 2, 2);
  const std::size_t begin = out.size();
  out.append(data + header + 4, length);
  for (std::size_t i = 0; i < length; ++i) {
    out[begin + i] = static_cast<char>(out[begin + i] ^ key[i % 4]);
  }
  return header + 4 + length;
}

struct RawServer {
  int epoll = check(epoll_create1(0), "epoll_create1");
  std::vector<Connection> table = std::vector<Connection>(65536);  // by descriptor
  std::vector<char> scratch = std::vector<char>(kScratch);
  std::string out;

  void watch(int op, int fd, std::uint32_t events) const {
    epoll_event event{.events = events, .data = {.fd = fd}};
    check(epoll_ctl(epoll, op, fd, &event), "epoll_ctl");
  }

  void accept_all(int listener) {
    for (int fd; (fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      table[static_cast<std::size_t>(fd)] = Connection();
      watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
  }

  void read_once(int fd) {
    Connection& connection = table[static_cast<std::size_t>(fd)];
    const ssize_t received = recv(fd, scratch.data(), scratch.size(), 0);
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) {
      close(fd);
      return;
    }
    const char* data = scratch.data();
    auto size = static_cast<std::size_t>(received);
    std::string joined;
    if (!connection.unread.empty()) {
      joined = std::move(connection.unread);
      joined.append(data, size);
      data = joined.data();
      size = joined.size();
    }
    out.clear();
    const std::size_t used = connection.open ? echo_all(data, size) : open(connection, data, size);
    connection.unread.assign(data + used, size - used);
    if (!out.empty()) send_all(fd, connection);
  }

  std::size_t echo_all(const char* data, std::size_t size) {
    std::size_t used = 0;
    while (const std::size_t frame = echo_frame(data + used, size - used, out)) used += frame;
    return used;
  }

  std::size_t open(Connection& connection, const char* data, std::size_t size) {
    const std::string request(data, size);
    const std::size_t end = request.find("\r\n\r\n");
    if (end == std::string::npos) return 0;
    out = handshake(request);
    connection.open = true;
    return end + 4;
  }

  void send_all(int fd, Connection& connection) {
    const bool was_blocked = !connection.unsent.empty();
    const std::string& data = was_blocked ? connection.unsent : out;
    const ssize_t sent = send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
      close(fd);
      return;
    }
    connection.unsent = data.substr(sent < 0 ? 0 : static_cast<std::size_t>(sent));
    const bool blocked = !connection.unsent.empty();
    if (blocked != was_blocked) watch(EPOLL_CTL_MOD, fd, blocked ? EPOLLOUT : EPOLLIN);
  }

  [[noreturn]] void run(int listener) {
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
    std::array<epoll_event, 1024> events;
    for (;;) {
      const int count = epoll_wait(epoll, events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        Connection& connection = table[static_cast<std::size_t>(fd)];
        if (fd == listener) {
          accept_all(listener);
        } else if (!connection.unsent.empty()) {
          send_all(fd, connection);
        } else {
          read_once(fd);
        }
      }
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: websocket_raw PORT\n");
    return 2;
  }
  RawServer server;
  rlimit files{};
  check(getrlimit(RLIMIT_NOFILE, &files), "getrlimit");
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, server.table.size());
  check(setrlimit(RLIMIT_NOFILE, &files), "setrlimit");
  const int listener = check(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  check(bind(listener, reinterpret_cast<sockaddr*>(&address), size), "bind");
  check(listen(listener, SOMAXCONN), "listen");
  check(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  std::printf("listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  server.run(listener);
}
