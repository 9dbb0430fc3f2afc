// A connection with buffers: say what to read and what to write, and be called when it is done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "01-blocking-server/socket.h"
#include "03-ioloop/ioloop.h"
#include "04-iostream/buffer.h"

namespace mini {

using DataCallback = std::function<void(std::string data)>;

// [rules]
// Callbacks. Each is called once, from the loop: never inside the function it was given to, nor
// inside any other of this class. Once the stream is closed only the close callback is called; the
// others are freed, later and from the loop. A callback that throws closes its stream.
//
// Lifetime. The stream lives while somebody holds it, and while it has something to do: a read, a
// write, or a close callback to call. Then it closes its socket.
//
// Errors. Nothing that the other side does is thrown. It closes the stream, and error() says why.
//
// All of it belongs to the loop's thread. The loop must outlive the stream.
// [/rules]
class IOStream : public std::enable_shared_from_this<IOStream> {
 public:
  static constexpr std::size_t kMaxBufferSize = 100 * 1024 * 1024;

  // Takes over a TCP socket that is connected, or that connect() will connect. At most
  // `max_buffer_size` bytes wait to be read, and as many to be sent.
  static std::shared_ptr<IOStream> create(IOLoop& loop, Socket socket,
                                          std::size_t max_buffer_size = kMaxBufferSize);
  IOStream(const IOStream&) = delete;
  IOStream& operator=(const IOStream&) = delete;

  // Calls `callback` when connected. What is read or written meanwhile waits. Throws
  // std::invalid_argument if `address` is not an IPv4 address.
  void connect(std::uint16_t port, const std::string& address, Callback callback);

  // [reads]
  // One read at a time: std::logic_error if the callback of the last one was not called yet.
  //
  // Hands over everything up to and including `delimiter`. If it does not end within `max_bytes`,
  // the stream ends in order, with the error message_size.
  void read_until(std::string delimiter, DataCallback callback,
                  std::size_t max_bytes = kMaxBufferSize);
  // Hands over `count` bytes; with `partial`, any number from 1 to `count`, as soon as there are
  // some. Throws std::length_error if they do not fit into the buffer.
  void read_bytes(std::size_t count, DataCallback callback, bool partial = false);
  // [/reads]

  // [writes]
  // Sends `data`, as fast as the other side takes it, and calls `callback` when the kernel has the
  // last byte. If too much waits to be sent, the stream is closed with the error no_buffer_space.
  void write(std::string data, Callback callback = nullptr);

  // Ends at once: what waits to be sent is lost.
  void close(std::error_code error = {});
  // Ends when all is sent: says goodbye, waits for the other side's, at most a second and dropping
  // what it still says, and closes. Nothing can be read or written any more.
  void end_in_order();
  // Called when the stream is closed, by whichever side. Replaces the one before; nullptr: none.
  void set_close_callback(Callback callback);
  // [/writes]

  bool closed() const { return socket_.fd() < 0; }
  bool reading() const { return read_ || delivering_; }
  bool writing() const { return !to_send_.empty(); }
  // Why it was closed. Nothing if one side has just closed it.
  std::error_code error() const { return error_; }
  // How many bytes wait to be sent.
  std::size_t unsent() const { return to_send_.size(); }
  IOLoop& loop() const { return loop_; }

 private:
  // [parts]
  struct Read {
    DataCallback callback;
    std::string delimiter;  // empty: ends after max_bytes
    std::size_t max_bytes = 0;
    bool partial = false;
    std::size_t searched = 0;  // so many bytes are known to hold no delimiter
  };
  struct Write {
    std::uint64_t end = 0;  // done when so many bytes are sent, of all that were ever written
    Callback callback;
  };
  struct Callbacks {
    std::optional<Read> read;
    std::list<Write> writes;
    Callback connect;
    Callback close;
  };
  struct Watch;
  // [/parts]

  IOStream(IOLoop& loop, Socket socket, std::size_t max_buffer_size);

  void start_read(Read read);
  void finish_read();
  std::optional<std::size_t> find_end();
  void send();
  void finish_connect();
  void call_soon(Callback callback);

  bool is_listening() const;
  std::uint32_t wanted_events() const;
  void update();
  void handle_events(std::uint32_t events);
  void receive();
  std::error_code socket_error() const;

  Callbacks take_callbacks();
  void say_goodbye();
  template <class Held>
  void free_later(Held held);

  // [members]
  IOLoop& loop_;
  Socket socket_;
  const std::size_t max_buffer_size_;
  std::uint32_t events_ = 0;  // what the loop watches for us; 0: it does not know us
  std::error_code error_;

  bool connecting_ = false;
  Callback connect_callback_;

  Buffer received_;  // and not asked for yet
  std::optional<Read> read_;
  bool delivering_ = false;  // a read is done, and its callback waits to be called
  bool ended_ = false;       // the other side has said all it has to say

  Buffer to_send_;
  std::uint64_t sent_ = 0;
  std::list<Write> writes_;  // an empty deque would take 576 bytes of each connection

  Callback close_callback_;
  bool ending_ = false;  // end_in_order() was called
  std::size_t dropped_ = 0;
  Timeout goodbye_{};
  // [/members]
};

}  // namespace mini
