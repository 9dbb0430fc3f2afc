// A connection with buffers: say what to read and what to write, and get called when it is done.
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
// Callbacks. Each is called once, from the loop: never inside the function it was passed to, nor
// inside any other function of this class. After the stream has closed, only the close callback is
// called; the others are freed, later and from the loop. A callback that throws closes its stream.
//
// Lifetime. The stream lives while somebody holds a pointer to it, and while it has something to
// do: a read, a write, or a close callback to call. Its destructor closes the socket.
//
// Errors. Nothing that the other side does is thrown. It closes the stream, and error() says why.
//
// Threads. Use a stream on the loop's thread only. The loop must outlive it.
// [/rules]
class IOStream : public std::enable_shared_from_this<IOStream> {
 public:
  static constexpr std::size_t kMaxBufferSize = 100 * 1024 * 1024;

  // Takes ownership of a TCP socket that is connected, or that connect() will connect. The stream
  // buffers at most `max_buffer_size` received bytes, and as many that wait to be sent.
  static std::shared_ptr<IOStream> create(IOLoop& loop, Socket socket,
                                          std::size_t max_buffer_size = kMaxBufferSize);
  IOStream(const IOStream&) = delete;
  IOStream& operator=(const IOStream&) = delete;

  // Connects, and calls `callback` when that is done. Reads and writes started meanwhile wait.
  // Throws std::invalid_argument if `address` is not an IPv4 address.
  void connect(std::uint16_t port, const std::string& address, Callback callback);

  // [reads]
  // Both throw std::logic_error while the callback of the last read is still due.
  //
  // Passes everything up to and including `delimiter` to `callback`. If that is more than
  // `max_bytes`, ends the stream in order, with the error message_size.
  void read_until(std::string delimiter, DataCallback callback,
                  std::size_t max_bytes = kMaxBufferSize);
  // Passes `count` bytes to `callback`; with `partial`, any number from 1 to `count`, as soon as
  // some are here. Without it, throws std::length_error if the buffer cannot hold `count` bytes.
  void read_bytes(std::size_t count, DataCallback callback, bool partial = false);
  // [/reads]

  // [writes]
  // Sends `data` as fast as the other side takes it, and calls `callback` when the kernel has the
  // last byte. If too much is waiting to be sent, closes the stream with the error no_buffer_space.
  void write(std::string data, Callback callback = nullptr);

  // Closes at once: bytes that wait to be sent are lost.
  void close(std::error_code error = {});
  // Closes gracefully: sends everything, then FIN, drops whatever the other side still sends until
  // its FIN or for at most a second, and closes. Later reads and writes are ignored.
  void end_in_order();
  // Sets the function to call when the stream closes, whichever side closes it. Replaces the one
  // before; nullptr removes it. If the stream is closed already, the loop calls it.
  void set_close_callback(Callback callback);
  // [/writes]

  bool closed() const { return socket_.fd() < 0; }
  bool reading() const { return read_ || delivering_; }
  bool writing() const { return !to_send_.empty(); }
  // Returns why the stream was closed; no error if one side closed it normally.
  std::error_code error() const { return error_; }
  // Returns how many bytes wait to be sent.
  std::size_t unsent() const { return to_send_.size(); }
  IOLoop& loop() const { return loop_; }

 private:
  // [parts]
  struct Read {
    DataCallback callback;
    std::string delimiter;  // empty: ends after max_bytes
    std::size_t max_bytes = 0;
    bool partial = false;
    std::size_t searched = 0;  // no delimiter begins in the first `searched` bytes
  };
  struct Write {
    std::uint64_t end = 0;  // due when this many bytes were sent, of all ever written
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
  void half_close();
  template <class Held>
  void free_later(Held held);

  // [members]
  IOLoop& loop_;
  Socket socket_;
  const std::size_t max_buffer_size_;
  std::uint32_t events_ = 0;  // watched by the loop; 0: the loop has no handler of ours
  std::error_code error_;

  bool connecting_ = false;
  Callback connect_callback_;

  Buffer received_;  // received, and not asked for yet
  std::optional<Read> read_;
  bool delivering_ = false;  // a read is done, and its callback is queued
  bool ended_ = false;       // the other side has sent FIN

  Buffer to_send_;
  std::uint64_t sent_ = 0;
  std::list<Write> writes_;  // an empty deque would cost each connection 576 bytes

  Callback close_callback_;
  bool ending_ = false;  // end_in_order() was called
  std::size_t dropped_ = 0;
  Timeout linger_{};
  // [/members]
};

}  // namespace mini
