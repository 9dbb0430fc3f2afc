// Hello world on libevent's evhttp: evhttp PORT
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  // libevent writes to clients that have gone, as wrk does at its end.
  std::signal(SIGPIPE, SIG_IGN);
  event_base* base = event_base_new();
  evhttp* server = evhttp_new(base);
  evhttp_set_gencb(
      server,
      [](evhttp_request* request, void*) {
        evbuffer* body = evbuffer_new();
        evbuffer_add(body, "Hello, world", 12);
        evhttp_send_reply(request, HTTP_OK, "OK", body);
        evbuffer_free(body);
      },
      nullptr);
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  if (evhttp_bind_socket(server, "127.0.0.1", port) != 0) return 1;
  return event_base_dispatch(base);
}
