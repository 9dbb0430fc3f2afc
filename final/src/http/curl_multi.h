// Internal header. libcurl's multi interface, driven by an IOLoop.
#pragma once

#include <curl/curl.h>
#include <tornado/ioloop.h>

#include <optional>

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
  // Reports each transfer that has come to its end to the listener.
  void take_ended();

  void handle_events(int fd, std::uint32_t events) override;

 private:
  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* known);
  static int on_timer(CURLM* multi, long milliseconds, void* self);
  void watch(int fd, int what, bool known);
  void set_timer(long milliseconds);
  void act(curl_socket_t fd, int events);

  ioloop::IOLoop& loop_;
  Listener& listener_;
  CURLM* multi_;
  ioloop::Timeout timer_;
};

}  // namespace tornado::http
