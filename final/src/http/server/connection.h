// Internal header. The server's side of one TCP connection (RFC 9112 9), as a state machine over
// stream events: an idle connection holds no coroutine and no buffer.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/counted_as.h>
#include <tornado/httpserver.h>
#include <tornado/iostream.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "http/message/chunked.h"
#include "http/message/head_parser.h"
#include "http/server/deadline_list.h"
#include "http/server/limits.h"
#include "http/server/shutdown.h"
#include "net/stream/stream.h"

namespace tornado::http {

class Exchange;
class ServerConnection;
class ServerCore;

// Closes a connection whose client does not read its pending output. Created when output has to
// wait.
class WriteWatch final : public Deadline, public core::Pooled {
 public:
  // Both outlive it.
  WriteWatch(DeadlineList& list, iostream::detail::Stream& stream);
  void expired() override;

 private:
  void start();

  DeadlineList& deadlines_;
  iostream::detail::Stream& stream_;
  iostream::detail::Stream::Progress seen_;
};

// A connection that has left HTTP (RFC 9110 7.8). The server still counts it, and closes it when it
// closes the others.
class Upgraded : public iostream::detail::StreamObserver, public core::ListHook {
 public:
  // Closes at once; output that has not left is lost.
  virtual void close() = 0;
  // The same for a server being destroyed: the program learns of the end before this returns.
  virtual void abandon() = 0;
  // The server shuts down: ends the connection in the protocol's own way, however long the peer
  // takes.
  virtual void go_away() = 0;

  // StreamObserver.
  void on_drained() override { write_watch_.reset(); }
  void on_blocked() override;

 protected:
  virtual ~Upgraded() = default;
  virtual iostream::detail::Stream& stream() = 0;
  // The stream has closed.
  void leave_server();

 private:
  friend class ServerConnection;
  friend class ServerCore;
  ServerCore* core_ = nullptr;
  std::unique_ptr<WriteWatch> write_watch_;
  AddressCounts::Key address_ = AddressCounts::kUncounted;
};

// The state that the connections of one server share.
class ServerCore {
 public:
  ServerCore(httputil::HTTPServerConnectionDelegate& delegate,
             const httpserver::HTTPServerOptions& options);
  ServerCore(const ServerCore&) = delete;
  ServerCore& operator=(const ServerCore&) = delete;
  ~ServerCore();

  // Serves the requests of `stream`, on the current loop.
  void serve(iostream::IOStream stream, std::string remote_ip);
  Future<void> close_all();
  // The listeners must have been closed.
  Future<httpserver::ShutdownReport> shutdown(double grace);
  bool shutting_down() const noexcept { return ending != nullptr; }

  // One set of deadlines, for the loop that the connections run on.
  struct Deadlines {
    Deadlines(ioloop::IOLoop& home, const httpserver::HTTPServerOptions& options)
        : loop(home),
          idle(loop, options.idle_connection_timeout, options.idle_connection_timeout / 64),
          header(loop, options.header_timeout),
          body(loop, options.body_timeout),
          stall(loop, options.body_stall_timeout),
          write(loop, options.write_timeout),
          last_request(loop, Shutdown::kLastRequest) {}
    ioloop::IOLoop& loop;
    DeadlineList idle;
    DeadlineList header;
    DeadlineList body;
    DeadlineList stall;
    DeadlineList write;
    DeadlineList last_request;

    // For a connection whose output has to wait; null if it may wait indefinitely.
    std::unique_ptr<WriteWatch> watch(iostream::detail::Stream& stream);
  };

  httputil::HTTPServerConnectionDelegate& delegate;
  const httpserver::HTTPServerOptions options;
  const HeadLimits head_limits;
  std::unique_ptr<Deadlines> deadlines;
  core::ListHook connections;
  core::ListHook upgraded;
  std::size_t connection_count = 0;  // of both lists
  // Tells the code that calls the program whether the server still exists afterwards.
  struct Alive {};
  const std::shared_ptr<Alive> alive = std::make_shared<Alive>();
  AddressCounts addresses;
  const std::shared_ptr<BufferedBodies> buffered;
  std::unique_ptr<Shutdown> ending;  // null: not shutting down

 private:
  friend class ServerConnection;
  friend class Upgraded;
  void connection_gone();
  void tell_of_shutdown();
  void cut_all();
  bool admits(AddressCounts::Key address, const std::string& remote_ip);
  void log_refusal(const std::string& remote_ip, std::string_view reason);
  bool make_room();

  std::unique_ptr<Future<void>> all_gone_;
  double next_refusal_line_ = std::numeric_limits<double>::lowest();
};

// One connection. Created by ServerCore::serve(). Shared by its stream, until that has closed or is
// given away, and by the queue in which it waits for its turn.
class ServerConnection final : public iostream::detail::StreamObserver,
                               public core::ListHook,
                               public core::Pooled,
                               private core::Runnable,
                               public core::CountedAs<ServerConnection> {
 public:
  ServerConnection(ServerCore& core, iostream::IOStream stream, std::string remote_ip);
  ~ServerConnection() override;

  // Begins to read.
  void begin();

  // StreamObserver.
  std::size_t on_data(std::string_view data) override;
  void on_eof() override;
  void on_closed() override;
  void on_drained() override;
  void on_blocked() override;

  // Closes at once; output that has not left is lost.
  void close();
  void abandon();
  // The server shuts down; its time of grace is over.
  void go_away();
  void cut();
  // Whether it is between messages.
  bool idle() const noexcept { return phase_ <= Phase::kHead && !stream_.impl().has_unread(); }

  // Whether this connection, whose idle or header timeout is `timer`, is between messages or within
  // a head.
  static bool may_give_way(const Deadline& timer);
  // Closes it after sending the pending output.
  static void give_way(Deadline& timer);

 private:
  friend class Exchange;

  enum class Phase : std::uint8_t {
    kProxy,     // before the header of the PROXY protocol, or within it
    kHead,      // between messages, or within a head
    kBody,      // within a body
    kHeld,      // the delegate's future holds back the rest of the message
    kAnswer,    // the request is complete, the response is not
    kDraining,  // the client has to read its output before its next request is begun
    kClosing,   // reads nothing more; sends the output, then closes the stream
  };

  class Timer final : public Deadline {
   public:
    explicit Timer(ServerConnection& owner) : owner_(owner) {}
    void expired() override { owner_.on_timeout(); }
    ServerConnection& owner() const noexcept { return owner_; }

   private:
    ServerConnection& owner_;
  };

  // Whether reading goes on at once.
  enum class Next : std::uint8_t { kContinue, kWait };

  // The turn: continues after an exchange that did not end inside on_data().
  void run() override;
  void discard() noexcept override;

  Next step(std::string_view data, std::size_t& used);
  Next read_proxy_header(std::string_view data, std::size_t& used);
  Next read_head(std::string_view data, std::size_t& used);
  Next begin_exchange(RequestHead& head);
  Next begin_body();
  void start_body_timeout();
  Next read_body(std::string_view data, std::size_t& used);
  Next read_fixed(std::string_view data, std::size_t& used);
  Next read_chunked(std::string_view data, std::size_t& used);
  Next deliver(std::string_view content);
  void start_rate();
  bool too_slow(std::size_t bytes);
  Next complete_message();
  Next wait_for(const Future<void>& future);
  Next after_response();
  void release_hold(const std::shared_ptr<Exchange>& exchange, const Future<void>& held);

  void go_on();
  void await_last_answer();
  void end_exchange();
  void next_request();
  void exchange_finished();
  void queue_turn();
  void take_turn();
  void on_timeout();
  void start_first_head();
  void start_idle();
  bool is_last_response() const noexcept;
  void close_if_unused();
  void close_gracefully();
  iostream::IOStream release_stream();
  iostream::IOStream hand_over(Upgraded& next);
  Next refuse_large_head(std::string_view head, const char* reason);
  // Those that return something return kWait: nothing more is read.
  Next refuse_large_body(const char* reason);
  void refuse_for_limit(const httputil::RequestRefusal& refusal);
  Next refuse(const char* reason);
  void refuse_for_others();
  void refuse_with(std::string_view response);
  Next delegate_threw(const char* what);
  Next fail(const char* what);
  void leave_core();

  // While one exists, the code that called the delegate notices a response that finishes.
  class Inside {
   public:
    explicit Inside(ServerConnection& owner) : owner_(owner) { ++owner_.inside_; }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    ~Inside() { --owner_.inside_; }

   private:
    ServerConnection& owner_;
  };

  ServerCore* core_;  // null once the connection is closed
  iostream::IOStream stream_;
  Timer timer_{*this};
  std::unique_ptr<WriteWatch> write_watch_;
  std::shared_ptr<Exchange> exchange_;
  std::string remote_ip_;
  HeadScan scan_;
  Phase phase_ = Phase::kHead;
  std::uint8_t inside_ = 0;
  bool head_begun_ = false;
  bool eof_ = false;
  bool unread_ = false;  // on_data() left bytes unread
  bool turn_queued_ = false;
  bool released_ = false;  // the stream belongs to someone else
  bool counted_ = true;    // in the core's `addresses`; false until its proxy has named the client
};

}  // namespace tornado::http
