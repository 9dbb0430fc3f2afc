// Internal header: Stream, what an IOStream handle points to, and the reading interface that the
// HTTP room uses.
#pragma once

#include <sys/types.h>
#include <tornado/ioloop.h>
#include <tornado/iostream.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "net/stream/output.h"
#include "net/stream/pending_read.h"

struct iovec;

namespace tornado::iostream::detail {

// The owner of a stream's bytes. Instead of one read at a time it is shown what comes, where it
// lies: nothing is allocated or copied for a connection that has nothing half-read. All calls come
// from the loop, none from inside a member function of the stream; each may close the stream, pause
// it, or take the observer off. The observer outlives the stream or takes itself off with
// observe(nullptr). An exception from on_data
// closes the stream; the other calls do not throw.
class StreamObserver {
 public:
  // All bytes that are unread, old and new, in one piece; answers how many of them were used up.
  // The rest is kept and shown again, with what follows it, at the next read or resume_reading().
  // The view is valid during the call only, also if the stream is closed during the call.
  virtual std::size_t on_data(std::string_view data) = 0;
  // The peer will send no more, and nothing is left that was not shown or does not stand in the
  // stream's buffer. Comes once, also while reading is paused. It may still read: writing goes on
  // until it fails. Unread bytes stay, and resume_reading() shows them.
  virtual void on_eof() = 0;
  // The stream is closed, by either side, an error or the end of the loop. Comes exactly once, when
  // the event that closed it has been handled or at the end of the round, and is the last call.
  virtual void on_closed() = 0;
  // Everything written has left, after it could not leave at once.
  virtual void on_drained() = 0;
  // The kernel takes no more at present, and output waits: once, until on_drained(). Comes also
  // after close_after_flush().
  virtual void on_blocked() {}

 protected:
  ~StreamObserver() = default;
};

// A descriptor, the bytes it has given and those it is to get. Counted: by its handles, and by the
// queue it stands in. With no count left it lives on while something is pending, and is then closed
// and freed.
//
// Reads happen when the poller says so, into the loop's scratch buffer, once an event. What is
// written leaves in step 4 of the loop's iteration, with one system call.
class Stream : public ioloop::EventHandler, private core::Runnable, public core::Pooled {
 public:
  // Makes the socket non-blocking, unless the caller knows that it is: a system call a connection.
  Stream(netutil::Socket socket, const IOStreamOptions& options, bool non_blocking = false);

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) last_reference_gone();
  }

  // ---- for IOStream: see there
  Future<IOStream> connect(const netutil::Address& address);
  // Makes `read` the pending one, or finishes it at once.
  void start_read(std::unique_ptr<PendingRead> read);
  Future<void> write(std::string data);
  void close(std::exception_ptr error = nullptr);
  void set_close_callback(core::Runnable* callback);
  bool closed() const noexcept { return fd_ < 0; }
  bool reading() const noexcept { return read_ != nullptr && !read_->abandoned(); }
  bool writing() const noexcept { return pending_output() > 0; }
  const std::exception_ptr& error() const noexcept;
  void set_nodelay(bool value) const noexcept;

  // ---- for the observer
  // Makes `observer` the owner of the bytes and begins to read; unread bytes are shown at the end
  // of the round. Also replaces one observer by another. nullptr: back to single reads. A closed
  // stream says on_closed().
  void observe(StreamObserver* observer);

  // Between them on_data does not come. Cheap: what the poller watches is changed only if bytes
  // come meanwhile. While paused the peer's end is still noticed, unless more than 64 KiB came
  // before it unread.
  void pause_reading() noexcept { paused_ = true; }
  // Goes on; unread bytes are shown again at the end of the round, also if no new ones come.
  void resume_reading();
  bool paused() const noexcept { return paused_; }
  // Bytes wait that were shown and not used up, or came while reading was paused.
  bool has_unread() const noexcept { return unread_ != nullptr; }
  // on_eof() has come, or would have.
  bool at_eof() const noexcept { return eof_; }
  // The peer's end came without the sign that TLS gives of it: what was to end there may have been
  // cut off.
  bool truncated() const noexcept { return truncated_; }

  // Queues bytes; they leave at the end of the round. The observer's writes have no limit but its
  // own: see pending_output(). Silent if closed.
  void send(std::string_view data);
  void send(std::string&& data);
  void send(const char* text) { send(std::string_view(text)); }
  // The same with a part of a file, which leaves behind what was queued before. A small part is
  // read at once; a big one leaves piece by piece, as the peer takes it, and without a copy through
  // this process where the kind of stream allows that. A file that has become shorter meanwhile
  // closes the stream: the peer was promised more than there is.
  void send_file(core::FileRange range);
  // The place where the next byte goes: append to it, nothing else. Valid until the next call on
  // the stream, or until the loop goes on. Bytes appended leave at the end of the round. Appending
  // to the output of a closed stream does nothing.
  std::string& output();
  // Bytes that have not left.
  std::size_t pending_output() const noexcept { return output_ != nullptr ? output_->size() : 0; }

  // Output waits since the kernel took no more.
  bool blocked() const noexcept { return blocked_; }
  // How far waiting output has come.
  struct Progress {
    std::uint64_t sent = 0;  // given to the kernel
    int in_kernel = 0;       // of those, not acknowledged by the peer
  };
  Progress progress() const noexcept;
  // Whether the peer has taken a byte since `earlier`, without an on_drained() between.
  bool progressed_since(const Progress& earlier) const noexcept;

  // Done when all bytes that are queued now have left; fails with StreamClosedError.
  Future<void> flushed();

  // Ends our side when all output has left; reading goes on.
  void shutdown_after_flush();
  // Closes when all output has left, without destroying it on its way: a close with unread input
  // makes the kernel send a reset, which can overtake the response (RFC 9112 9.6). So our side is
  // ended first, and what the peer still sends is read and dropped, up to kLingerSeconds and
  // kLingerBytes. The observer gets nothing but on_blocked and on_closed from here on.
  void close_after_flush();

  static constexpr double kLingerSeconds = 1.0;
  static constexpr std::size_t kLingerBytes = 16'777'216;

  int fileno() const noexcept { return fd_; }
  // The loop that serves the stream: the current one, until it is known.
  ioloop::IOLoop& loop();

 protected:
  ~Stream() override;

  // The hooks of BaseIOStream: what a kind of stream does with its descriptor. read and write give
  // what recv and sendmsg give; 0 from a read is the end, -1 an error in errno.
  virtual ssize_t read_from_fd(char* buffer, std::size_t size);
  virtual ssize_t write_to_fd(const iovec* parts, int count);
  // Up to `size` bytes from the beginning of `range`. A file without them is an error, kFileEnded.
  virtual ssize_t write_file_to_fd(const core::FileRange& range, std::size_t size);
  virtual void shutdown_write();
  virtual void close_fd() noexcept;
  // Why the poller reports an error; 0 if it knows none.
  virtual int get_fd_error() const noexcept;
  // Agrees with the peer before bytes can pass. Called once the descriptor is connected, and with
  // each event until it answers NONE: the events it waits for. Throws why it failed.
  virtual std::uint32_t handshake() { return ioloop::IOLoop::NONE; }
  // Seconds it may take; 0: any.
  virtual double handshake_timeout() const noexcept { return 0; }
  // What an error of read, write or handshake means, for `error()`; for 0, what there is to say
  // about an end in good order: null if nothing.
  virtual std::exception_ptr failure(int error) const;
  // How a handshake that failed is told.
  virtual std::exception_ptr connect_failure(const std::exception_ptr& error) const;

  // write_file_to_fd() by reading and writing.
  ssize_t copy_file_to_fd(const core::FileRange& range, std::size_t size);

  // For a connection that was made by others: calls handshake() now and as it asks. The future is
  // the one of connect().
  void begin_handshake();
  // The future of the handshake under way; done if there is none. Throws std::runtime_error
  // "Already waiting" for the second who asks.
  Future<IOStream> established();
  // Gives away the descriptor of a stream on which nothing is under way; throws
  // std::invalid_argument for another. The stream is closed then.
  netutil::Socket detach();

  // What the poller does not know of: bytes or an end held by the transport, to be read with
  // read_from_fd; and bytes that it must send beside those of the output, with write_to_fd.
  bool hidden_input_ : 1 = false;
  bool hidden_output_ : 1 = false;
  bool truncated_ : 1 = false;

 private:
  friend class TlsStream;
  struct Linger;
  struct Connecting;
  struct Stages;
  struct Unread;
  class Keep;

  // What a stream has only at times: null otherwise.
  Connecting* connecting() const noexcept;
  Linger* linger() const noexcept;
  Stages& stages();

  // ---- stream.cc: life, and what the poller watches
  void handle_events(int fd, std::uint32_t events) override;
  void serve_events(std::uint32_t events);
  void released() noexcept override;
  void run() override;
  void discard() noexcept override;
  void last_reference_gone() noexcept;
  bool busy() const noexcept;
  void queue() { queue_on(loop()); }
  void queue_on(ioloop::IOLoop& home);
  // Adds to what the poller watches, or sets it. Failure closes the stream.
  void watch(std::uint32_t events);
  void set_events(std::uint32_t events);
  void unregister() noexcept;
  void watch_for_close();
  void close_with_errno(int error);
  void end();
  void loop_gone() noexcept;

  // ---- stream_input.cc
  bool wants_input() const noexcept;
  void handle_input(std::uint32_t events);
  void handle_unwanted(std::uint32_t events);
  void receive();
  void read_failed(int error);
  void take_input(std::string_view fresh);
  void show(std::string_view fresh);
  void feed(std::string_view fresh);
  void append_unread(std::string_view fresh);
  void drop_front(std::size_t count);
  bool over_limit(std::size_t unread);
  void finish_read();
  void fail_read();
  void end_of_input();
  void drain(std::size_t limit);
  void discard_input();
  std::string_view unread() const noexcept;

  // ---- stream_output.cc
  Output& make_output();
  ssize_t write_next(std::size_t limit);
  int write_out();
  void flush();
  void write_failed(int error);
  void output_gone();
  void begin_linger();
  void advance_connect(std::uint32_t events);
  void finish_connect();
  std::exception_ptr why_ended() const { return error() != nullptr ? error() : failure(0); }
  bool takes_output() const noexcept { return !closed() && !close_wanted_; }

  std::uint32_t references_ = 1;
  int fd_;
  std::uint32_t events_ = 0;  // what the poller watches, while registered
  std::uint32_t read_chunk_size_;
  bool registered_ : 1 = false;
  bool queued_ : 1 = false;  // in the loop's queue for the end of the round
  bool paused_ : 1 = false;
  bool eof_ : 1 = false;          // the peer has ended its side, and all was read
  bool show_unread_ : 1 = false;  // at the end of the round
  bool blocked_ : 1 = false;      // the kernel takes no more at present
  bool shutdown_wanted_ : 1 = false;
  bool close_wanted_ : 1 = false;   // when all output has left
  ioloop::IOLoop* loop_ = nullptr;  // while registered or queued
  StreamObserver* observer_ = nullptr;
  std::unique_ptr<PendingRead> read_;
  std::unique_ptr<Stages> stages_;  // see connecting(), linger() and error()
  std::unique_ptr<Unread> unread_;  // never without a byte
  OutputHandle output_;
  core::Runnable* close_callback_ = nullptr;  // owned
  std::size_t max_buffer_size_;
  std::size_t max_write_buffer_size_;
};

static_assert(sizeof(Stream) <= 120, "an idle connection must stay small");

// A Stream over one end of a pipe.
class PipeStream final : public Stream {
 public:
  using Stream::Stream;

 protected:
  ssize_t read_from_fd(char* buffer, std::size_t size) override;
  ssize_t write_to_fd(const iovec* parts, int count) override;
  ssize_t write_file_to_fd(const core::FileRange& range, std::size_t size) override {
    return copy_file_to_fd(range, size);
  }
  void shutdown_write() override {}
  int get_fd_error() const noexcept override;
};

}  // namespace tornado::iostream::detail
