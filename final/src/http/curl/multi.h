// Internal header. libcurl's multi interface, driven by an IOLoop.
#pragma once

#include <curl/curl.h>
#include <tornado/ioloop.h>

#include <optional>
#include <vector>

namespace tornado::http {

// Watches the sockets that libcurl names, and its timer. libcurl runs callbacks only from within
// the functions below and from this class's event handling.
class CurlMulti final : public ioloop::EventHandler {
 public:
  // Receives what the transfers produced. Called while no libcurl function is running.
  class Listener {
   public:
    // Reports that `easy` has ended, with `result`. Called within worked().
    virtual void transfer_ended(CURL* easy, CURLcode result) = 0;
    // Called after libcurl has worked: call take_ended(), then look at what arrived. May destroy
    // the CurlMulti.
    virtual void worked() = 0;

   protected:
    ~Listener() = default;
  };

  // Keeps at most `max_connections` open; 0 lets libcurl decide.
  CurlMulti(ioloop::IOLoop& loop, Listener& listener, long max_connections);
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;
  // Closes the connections. All transfers must have been removed.
  ~CurlMulti();

  // Starts a transfer; it works from the next iteration of the loop on.
  void add(CURL* easy);
  // Ends a transfer. Closes its connection unless the transfer was complete.
  void remove(CURL* easy) noexcept;
  // Records the sockets that libcurl opens for `easy`, because libcurl may use them again for
  // others. Throws CurlError.
  void track_sockets(CURL* easy);
  // Returns whether the server has neither closed the connection from `local_port` nor sent
  // anything that libcurl has not read, as far as the kernel knows. Costs a system call.
  bool quiet(int local_port);

  // Reports each transfer that has ended to the listener.
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
    int local_port;  // 0: not looked up yet
  };

  ioloop::IOLoop& loop_;
  std::vector<OpenSocket> sockets_;
  Listener& listener_;
  CURLM* multi_;
  ioloop::Timeout timer_;
};

}  // namespace tornado::http
