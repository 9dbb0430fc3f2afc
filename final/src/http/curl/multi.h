// Internal header. libcurl's multi interface, driven by an IOLoop.
#pragma once

#include <curl/curl.h>
#include <tornado/ioloop.h>

#include <optional>
#include <vector>

namespace tornado::http {

// Watches the sockets that libcurl names, and its timer. libcurl calls from within the functions
// below and its own event handling, never else.
class CurlMulti final : public ioloop::EventHandler {
 public:
  // Gets what the transfers have come to. Nothing of libcurl is running then.
  class Listener {
   public:
    // `easy` has come to its end, with `result`. Called within worked().
    virtual void transfer_ended(CURL* easy, CURLcode result) = 0;
    // libcurl has worked: take_ended(), then look at what came. May destroy the CurlMulti.
    virtual void worked() = 0;

   protected:
    ~Listener() = default;
  };

  // At most `max_connections` stay open; 0: libcurl decides.
  CurlMulti(ioloop::IOLoop& loop, Listener& listener, long max_connections);
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;
  // All transfers must have been removed. Closes the connections.
  ~CurlMulti();

  // Starts a transfer; it works from the next iteration of the loop on.
  void add(CURL* easy);
  // Ends it; its connection is closed unless it was complete.
  void remove(CURL* easy) noexcept;
  // Keeps count of the sockets that libcurl opens for `easy`, and that it may use again for others.
  // Throws CurlError.
  void track_sockets(CURL* easy);
  // Whether the server has neither closed the connection from `local_port` nor sent anything that
  // libcurl has not read, as far as the kernel knows. Costs a system call.
  bool quiet(int local_port);

  // Reports each transfer that has come to its end to the listener.
  void take_ended();

  void handle_events(int fd, std::uint32_t events) override;

 private:
  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* known);
  static int on_timer(CURLM* multi, long milliseconds, void* self);
  static int on_open(void* self, curl_socket_t fd, curlsocktype purpose);
  static int on_close(void* self, curl_socket_t fd);
  void watch(int fd, int what, bool known);
  void set_timer(long milliseconds);
  void act(curl_socket_t fd, int events);

  struct OpenSocket {
    int fd;
    int local_port;  // 0: not asked for yet
  };

  ioloop::IOLoop& loop_;
  std::vector<OpenSocket> sockets_;
  Listener& listener_;
  CURLM* multi_;
  ioloop::Timeout timer_;
};

}  // namespace tornado::http
