// Internal header: Stream, the object behind an IOStream handle, and the reading interface that the
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

// The owner of a stream's incoming bytes. Instead of making one read at a time, it is shown what
// arrives, in place: a connection without a half-read message allocates and copies nothing. The
// loop makes all calls, none from inside a member function of the stream. Each may close the
// stream, pause it, or remove the observer. The observer must outlive the stream or remove itself
// with observe(nullptr). An exception from on_data closes the stream; the other calls must not
// throw.
class StreamObserver {
 public:
  // Shows all unread bytes, old and new, in one piece. Returns how many of them were used up. The
  // rest is kept and shown again, with what follows it, at the next read or resume_reading(). The
  // view is valid during the call only, but for all of it, even if the stream is closed meanwhile.
  virtual std::size_t on_data(std::string_view data) = 0;
  // The peer will send no more, and everything it sent has been shown or is in the stream's buffer.
  // Called once, also while reading is paused. The peer may still read, so writing continues until
  // it fails. Unread bytes stay, and resume_reading() shows them.
  virtual void on_eof() = 0;
  // The stream is closed, by either side, an error or the end of the loop. Called exactly once,
  // when the event that closed it has been handled or at the end of the round. It is the last call.
  virtual void on_closed() = 0;
  // Everything written has left, after some of it had to wait.
  virtual void on_drained() = 0;
  // The kernel takes no more at present, and output waits. Called once until on_drained(), also
  // after close_after_flush().
  virtual void on_blocked() {}

 protected:
  ~StreamObserver() = default;
};

// A descriptor, the bytes read from it, and the bytes to be written to it. Shared by its handles
// and by the queue it is in. Without a reference left it lives on while something is pending, and
// is then closed and freed.
//
// Reads when the poller reports input, into the loop's scratch buffer, once per event. Output
// leaves in step 4 of the loop's iteration, with one system call.
class Stream : public ioloop::EventHandler, private core::Runnable, public core::Pooled {
 public:
  // Makes the socket non-blocking, which costs a system call per connection. Pass true for
  // `non_blocking` if it already is.
  Stream(netutil::Socket socket, const IOStreamOptions& options, bool non_blocking = false);

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) unreferenced();
  }

  // ---- for IOStream: see there
  Future<IOStream> connect(const netutil::Address& address);
  // Makes `read` the pending one, or finishes it at once.
  void start_read(std::unique_ptr<PendingRead> read);
  Future<void> write(std::string data);
  void close(std::exception_ptr error = nullptr);
  void set_close_callback(core::Runnable* callback);
  bool closed() const noexcept { return fd_ < 0; }
  bool reading() const noexcept { return read_ != nullptr; }
  bool writing() const noexcept { return pending_output() > 0; }
  const std::exception_ptr& error() const noexcept;
  void set_nodelay(bool value) const noexcept;

  // ---- for the observer
  // Makes `observer` the owner of the bytes and begins to read. Unread bytes are shown at the end
  // of the round. Also replaces one observer by another; nullptr returns to single reads. If the
  // stream is closed, on_closed() is called.
  void observe(StreamObserver* observer);

  // Between pause_reading() and resume_reading(), on_data is not called. Cheap: what the poller
  // watches changes only if bytes arrive meanwhile. The peer's end is noticed even while paused,
  // unless more than 64 KiB arrive unread before it.
  void pause_reading() noexcept { showing_ = Showing::kPaused; }
  // Continues reading. Unread bytes are shown again at the end of the round, even if no new ones
  // arrive.
  void resume_reading();
  bool paused() const noexcept { return showing_ == Showing::kPaused; }
  // Returns whether there are bytes that were shown and not used up, or came while reading was
  // paused.
  bool has_unread() const noexcept { return unread_ != nullptr; }
  // Returns whether on_eof() was called, or would have been.
  bool at_eof() const noexcept { return eof_; }
  // Returns whether the peer's end came without TLS's close_notify, so that a message it was to end
  // may have been cut off.
  bool truncated() const noexcept { return truncated_; }

  // Queues bytes, which leave at the end of the round. The observer must limit its writes itself:
  // see pending_output(). Does nothing if the stream is closed.
  void send(std::string_view data);
  void send(std::string&& data);
  void send(const char* text) { send(std::string_view(text)); }
  // Same for a part of a file, which leaves after what was queued before. A small part is read at
  // once. A big one leaves piece by piece, as the peer takes it, without a copy through this
  // process if the kind of stream allows that. If the file has become shorter meanwhile, the stream
  // is closed, because the peer was promised more than there is.
  void send_file(core::FileRange range);
  // Returns the string that the next bytes go to: append to it, and do nothing else. Valid until
  // the next call on the stream, or until the loop goes on. Appended bytes leave at the end of the
  // round. Appending to the output of a closed stream does nothing.
  std::string& output();
  // Returns how many bytes have not left.
  std::size_t pending_output() const noexcept { return output_ != nullptr ? output_->size() : 0; }

  // Returns whether output waits because the kernel took no more.
  bool blocked() const noexcept { return blocked_; }
  // How far waiting output has got.
  struct Progress {
    std::uint64_t sent = 0;  // given to the kernel
    int in_kernel = 0;       // of those, not yet acknowledged by the peer
  };
  Progress progress() const noexcept;
  // Returns whether the peer has taken a byte since `earlier`, without an on_drained() in between.
  bool progressed_since(const Progress& earlier) const noexcept;

  // Returns a future that is done when all bytes queued now have left. Fails with
  // StreamClosedError.
  Future<void> flushed();

  // Ends our side when all output has left. Reading continues.
  void shutdown_after_flush();
  // Closes when all output has left, without destroying it on its way: closing with unread input
  // makes the kernel send a reset, which can overtake the response (RFC 9112 section 9.6). So our
  // side is ended first, and what the peer still sends is read and dropped, up to kLingerSeconds
  // and kLingerBytes. From here on the observer gets only on_blocked and on_closed.
  void close_after_flush();

  static constexpr double kLingerSeconds = 1.0;
  static constexpr std::size_t kLingerBytes = 16'777'216;

  int fileno() const noexcept { return fd_; }
  // Returns the loop that serves the stream; until that is known, the current one.
  ioloop::IOLoop& loop();

 protected:
  ~Stream() override;

  // The hooks of BaseIOStream: how a kind of stream uses its descriptor. read and write return what
  // recv and sendmsg do: 0 from a read is the end, -1 an error in errno.
  virtual ssize_t read_from_fd(char* buffer, std::size_t size);
  virtual ssize_t write_to_fd(const iovec* parts, int count);
  // Writes up to `size` bytes from the beginning of `range`. If the file lacks them, fails with
  // kFileEnded.
  virtual ssize_t write_file_to_fd(const core::FileRange& range, std::size_t size);
  virtual void shutdown_write();
  virtual void close_fd() noexcept;
  // Returns why the poller reports an error, or 0 if it is unknown.
  virtual int get_fd_error() const noexcept;
  // Performs the handshake that precedes all other bytes. Called once the descriptor is connected,
  // then with each event until it returns NONE. Returns the events it waits for. Throws the reason
  // if it fails.
  virtual std::uint32_t handshake() { return ioloop::IOLoop::NONE; }
  // Returns how many seconds the handshake may take; 0 means no limit.
  virtual double handshake_timeout() const noexcept { return 0; }
  // Returns the exception for an errno of read, write or handshake, as `error()` shows it. For 0,
  // returns what there is to report about an end in good order: null if nothing.
  virtual std::exception_ptr failure(int error) const;
  // Returns the exception that reports a failed handshake.
  virtual std::exception_ptr connect_failure(const std::exception_ptr& error) const;

  // Implements write_file_to_fd() by reading and writing.
  ssize_t copy_file_to_fd(const core::FileRange& range, std::size_t size);

  // For a connection that others have made: calls handshake() now, and whenever an event it waits
  // for comes. The future is the one of connect().
  void begin_handshake();
  // Returns the future of the handshake in progress, a completed one if there is none. Throws
  // std::runtime_error "Already waiting" if it was asked for before.
  Future<IOStream> established();
  // Gives away the descriptor and closes the stream. Throws std::invalid_argument if anything is in
  // progress on the stream.
  netutil::Socket detach();

  // What the poller cannot see: bytes or an end held by the transport, to be read with
  // read_from_fd, and bytes that it must send in addition to the output, with write_to_fd.
  bool hidden_input_ : 1 = false;
  bool hidden_output_ : 1 = false;
  bool truncated_ : 1 = false;

 private:
  friend class TlsStream;
  struct Linger;
  struct Connecting;
  struct Stages;
  struct Unread;
  struct Discard {
    void operator()(core::Runnable* callback) const noexcept { callback->discard(); }
  };
  using CloseCallback = std::unique_ptr<core::Runnable, Discard>;

  // State that a stream has only at times, otherwise null.
  Connecting* connecting() const noexcept;
  Linger* linger() const noexcept;
  Stages& stages();

  // ---- stream.cc: life, and what the poller watches
  void handle_events(int fd, std::uint32_t events) override;
  void serve_events(std::uint32_t events);
  void released() noexcept override;
  void run() override;
  void discard() noexcept override;
  void unreferenced() noexcept;
  bool busy() const noexcept;
  void queue() { queue_on(loop()); }
  void queue_on(ioloop::IOLoop& home);
  // Adds to what the poller watches, or replaces it. Failure closes the stream.
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
  static void cancel_read(Stream& stream, core::FutureStateBase& future);
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
  bool takes_output() const noexcept {
    return !closed() && (sending_ == Sending::kOpen || sending_ == Sending::kThenShutdown);
  }

  // What the observer is shown.
  enum class Showing : std::uint8_t {
    kPaused,
    kArriving,  // bytes that arrive, after the unread ones
    kUnread,    // the unread ones too, at the end of the round
  };
  // Our side of the connection, and what happens to it when all output has left.
  enum class Sending : std::uint8_t {
    kOpen,
    kThenShutdown,  // it ends; reading continues
    kThenClose,     // it ends, and the stream lingers unless the peer's side has ended
    kLingering,     // it has ended; what the peer still sends is dropped
  };

  std::uint32_t references_ = 0;
  int fd_;
  std::uint32_t events_ = 0;  // what the poller watches, while registered
  std::uint32_t read_chunk_size_;
  bool registered_ : 1 = false;
  bool queued_ : 1 = false;   // in the loop's queue for the end of the round
  bool eof_ : 1 = false;      // the peer has ended its side, and everything was read
  bool blocked_ : 1 = false;  // the kernel takes no more at present
  Showing showing_ = Showing::kPaused;
  Sending sending_ = Sending::kOpen;
  ioloop::IOLoop* loop_ = nullptr;  // while registered or queued
  StreamObserver* observer_ = nullptr;
  std::unique_ptr<PendingRead> read_;
  std::unique_ptr<Stages> stages_;  // see connecting(), linger() and error()
  std::unique_ptr<Unread> unread_;  // never empty
  OutputHandle output_;
  CloseCallback close_callback_;
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
