// A server with one fault, for the lab of the lesson: it forgets that an fd_set has room for 1,024
// descriptors. Its clients are copies of one descriptor that is never readable.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>

#include <cstdio>
#include <vector>

#include "01-blocking-server/socket.h"

namespace {

// [fault]
struct Server {
  fd_set clients;
  long max_upload = 1'048'576;  // bytes; larger uploads are answered 413
};

void take(Server& server, int client) {
  FD_SET(client, &server.clients);
}

void wait(Server& server, int highest) {
  timeval at_once{};
  if (::select(highest + 1, &server.clients, nullptr, nullptr, &at_once) < 0) std::perror("select");
}
// [/fault]

Server server;

}  // namespace

int main() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);

  const mini::Socket silent(::eventfd(0, 0));
  for (const int number : {1022, 1023, 1024}) {
    const mini::Socket client(
        ::fcntl(silent.fd(), F_DUPFD, number));  // gets this number, if it is free
    FD_ZERO(&server.clients);
    take(server, client.fd());
    wait(server, client.fd());
    std::printf("client %d: uploads of at most %ld bytes\n", client.fd(), server.max_upload);
    std::fflush(stdout);
  }
}
