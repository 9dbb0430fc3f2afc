// The twin of raw_epoll on io_uring. It does the same with a request, but never asks which sockets
// are ready: it hands operations to the kernel, and is told which are complete. One system call a
// turn submits the new operations and waits for results. Like raw_epoll, never put it on a network.
//
//   raw_uring PORT [WAIT_MS [FILE]]
//
// The arguments are those of raw_epoll. Needs Linux 6.1, and the right to use io_uring.

#include <liburing.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "raw_server.h"

namespace {

constexpr unsigned kSubmissions = 4096;
constexpr unsigned kCompletions = 16384;
constexpr unsigned kBuffers = 1024;  // the kernel receives into them; a power of two
constexpr std::size_t kBufferSize = 2048;
constexpr std::size_t kSlotHead = 256;
constexpr std::size_t kSlotSize = 131'072;
constexpr int kRegistered = 32;          // slots that the kernel knows in advance
constexpr unsigned kChain = 8;           // pieces of a file that are submitted together
constexpr std::size_t kMostOwed = 1024;  // responses; above it, nothing is read from a connection

int check_ring(int result, const char* what) {
  if (result < 0) errno = -result;
  return check(result < 0 ? -1 : result, what);
}

// The kernel copies 64 bits of each operation into its completion. Ours say what the operation was,
// and for which descriptor.
enum class Operation : std::uint32_t { kAccept, kReceive, kReadFile, kSend, kCancel };

std::uint64_t pack(Operation operation, int fd) {
  return std::uint64_t{static_cast<std::uint32_t>(operation)} << 32 |
         static_cast<std::uint32_t>(fd);
}

// A buffer for a piece of a file, which is read into it and sent from it. There is room for the
// response's head right before data(), so that one send takes both.
struct Slot {
  explicit Slot(const std::string& head) {
    std::copy(head.begin(), head.end(), data() - head.size());
  }
  char* data() { return memory.data() + kSlotHead; }

  std::vector<char> memory = std::vector<char>(kSlotHead + kSlotSize);
  int registered = -1;  // its number in the kernel's table
};

struct Connection {
  std::size_t owed = 0;         // response bytes that have not been sent
  std::uint32_t life = 0;       // tells this connection from the next one on the same descriptor
  std::uint32_t in_flight = 0;  // operations whose end the kernel has not reported
  std::uint32_t sending = 0;    // those of them that belong to the responses
  Slot* slot = nullptr;         // of the file on its way
  bool receiving = false;
  bool paused = false;   // owes too much to read on
  bool queued = false;   // is in to_send_
  bool dropped = false;  // is closed when nothing is in flight any more
  RequestCounter requests;
};

// The buffers that bytes arrive in. The kernel picks one and names it in the completion; the server
// gives it back once it has used the bytes. So an idle connection has no buffer.
class ReceiveBuffers {
 public:
  explicit ReceiveBuffers(io_uring& ring)
      : entries_(static_cast<io_uring_buf_ring*>(
            std::aligned_alloc(4096, kBuffers * sizeof(io_uring_buf)))) {
    io_uring_buf_ring_init(entries_);
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(entries_);
    registration.ring_entries = kBuffers;
    check_ring(io_uring_register_buf_ring(&ring, &registration, 0), "io_uring_register_buf_ring");
    for (unsigned id = 0; id < kBuffers; ++id) give_back(id);
    publish();
  }

  // The bytes of a buffer. The kCarry bytes before them belong to it too.
  char* data(unsigned id) { return memory_.data() + id * (kCarry + kBufferSize) + kCarry; }

  void give_back(unsigned id) {
    io_uring_buf_ring_add(entries_, data(id), kBufferSize, static_cast<unsigned short>(id),
                          io_uring_buf_ring_mask(kBuffers), returned_++);
  }

  // Shows the kernel the buffers that were given back.
  void publish() {
    io_uring_buf_ring_advance(entries_, returned_);
    returned_ = 0;
  }

 private:
  std::vector<char> memory_ = std::vector<char>(kBuffers * (kCarry + kBufferSize));
  io_uring_buf_ring* entries_;
  int returned_ = 0;
};

io_uring make_ring() {
  io_uring ring{};
  io_uring_params parameters{};
  parameters.flags = IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER |
                     IORING_SETUP_DEFER_TASKRUN;
  parameters.cq_entries = kCompletions;
  check_ring(io_uring_queue_init_params(kSubmissions, &ring, &parameters), "io_uring_queue_init");
  return ring;
}

class UringServer {
 public:
  explicit UringServer(const RawOptions& options)
      : response_(options.response), waiting_(options.wait) {
    if (response_.file >= 0) {
      register_slots();
    } else {
      for (std::size_t i = 0; i < kMostOwed; ++i) replies_ += response_.head;
    }
  }

  [[noreturn]] void run(int listener) {
    listener_ = listener;
    accept_clients();
    for (int timeout = -1;; timeout = reply_to_due()) {
      send_queued();
      buffers_.publish();
      submit_and_wait(timeout);
      unsigned head = 0;
      unsigned count = 0;
      io_uring_cqe* completion = nullptr;
      io_uring_for_each_cqe(&ring_, head, completion) {
        complete(*completion);
        ++count;
      }
      io_uring_cq_advance(&ring_, count);
    }
  }

 private:
  Connection& connection(int fd) { return table_[static_cast<std::size_t>(fd)]; }

  // --- The ring ---

  void submit_and_wait(int timeout_ms) {
    int result = 0;
    if (timeout_ms < 0) {
      result = io_uring_submit_and_wait(&ring_, 1);
    } else {
      __kernel_timespec timeout{timeout_ms / 1000, timeout_ms % 1000 * 1'000'000};
      io_uring_cqe* first = nullptr;
      result = io_uring_submit_and_wait_timeout(&ring_, &first, 1, &timeout, nullptr);
    }
    if (result != -ETIME && result != -EINTR) check_ring(result, "io_uring_submit_and_wait");
  }

  // Makes room for `count` operations, so that they are submitted together: a chain must be.
  void reserve(unsigned count) {
    if (io_uring_sq_space_left(&ring_) >= count) return;
    check_ring(io_uring_submit(&ring_), "io_uring_submit");
  }

  io_uring_sqe* next_entry() {
    reserve(1);
    return io_uring_get_sqe(&ring_);
  }

  void complete(const io_uring_cqe& completion) {
    const auto operation = static_cast<Operation>(completion.user_data >> 32);
    const int fd = static_cast<int>(completion.user_data & 0xffffffff);
    if (operation == Operation::kAccept) {
      accepted(completion);
    } else if (operation == Operation::kReceive) {
      received(fd, completion);
    } else if (operation != Operation::kCancel) {
      sent(fd, operation, completion.res);
    }
  }

  // --- Accept and receive: submitted once, completed many times ---

  void accept_clients() {
    io_uring_sqe* const entry = next_entry();
    io_uring_prep_multishot_accept(entry, listener_, nullptr, nullptr, 0);
    io_uring_sqe_set_data64(entry, pack(Operation::kAccept, listener_));
  }

  void accepted(const io_uring_cqe& completion) {
    if (completion.res >= 0) {
      const int fd = completion.res;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const std::uint32_t life = connection(fd).life;
      connection(fd) = Connection{};
      connection(fd).life = life;
      receive(fd);
    }
    if ((completion.flags & IORING_CQE_F_MORE) == 0) accept_clients();
  }

  void receive(int fd) {
    io_uring_sqe* const entry = next_entry();
    io_uring_prep_recv_multishot(entry, fd, nullptr, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = 0;
    io_uring_sqe_set_data64(entry, pack(Operation::kReceive, fd));
    connection(fd).receiving = true;
    ++connection(fd).in_flight;
  }

  // [received]
  void received(int fd, const io_uring_cqe& completion) {
    Connection& client = connection(fd);
    if ((completion.flags & IORING_CQE_F_MORE) == 0) {
      client.receiving = false;
      --client.in_flight;
    }
    if ((completion.flags & IORING_CQE_F_BUFFER) != 0) {
      const unsigned id = completion.flags >> IORING_CQE_BUFFER_SHIFT;
      take_requests(fd, buffers_.data(id), static_cast<std::size_t>(completion.res));
      buffers_.give_back(id);
    } else if (completion.res != -ENOBUFS && completion.res != -ECANCELED) {
      return drop(fd);  // the client has closed or reset the connection
    }
    settle(fd);
  }
  // [/received]

  void take_requests(int fd, char* data, std::size_t size) {
    Connection& client = connection(fd);
    if (client.dropped) return;
    const std::size_t count = client.requests.count(data, size);
    if (waiting_.waits()) {
      waiting_.add(fd, client.life, count);
    } else {
      reply(fd, count);
    }
  }

  // [cancel]
  // Bytes may still arrive until the kernel reports the end of the receive.
  void cancel_receive(int fd) {
    io_uring_sqe* const entry = next_entry();
    io_uring_prep_cancel64(entry, pack(Operation::kReceive, fd), 0);
    io_uring_sqe_set_data64(entry, pack(Operation::kCancel, fd));
  }
  // [/cancel]

  // --- Send ---

  void reply(int fd, std::size_t count) {
    Connection& client = connection(fd);
    if (count == 0) return;
    client.owed += count * response_.size();
    if (client.sending == 0) queue(fd);
    if (client.paused || client.owed <= kMostOwed * response_.size()) return;
    client.paused = true;
    if (client.receiving) cancel_receive(fd);
  }

  int reply_to_due() {
    return waiting_.reply_to_due([this](int fd, std::uint32_t life, std::size_t count) {
      if (connection(fd).life == life) reply(fd, count);
    });
  }

  // Sends wait for the end of the turn, so that one takes everything that came up in it.
  void queue(int fd) {
    if (connection(fd).queued) return;
    connection(fd).queued = true;
    to_send_.push_back(fd);
  }

  void send_queued() {
    for (const int fd : to_send_) {
      Connection& client = connection(fd);
      client.queued = false;
      if (client.dropped) {
        settle(fd);
      } else if (response_.file < 0) {
        const std::size_t offset = response_.offset(client.owed);
        send_bytes(fd, replies_.data() + offset, std::min(client.owed, replies_.size() - offset));
      } else {
        send_file(fd);
      }
    }
    to_send_.clear();
  }

  // MSG_WAITALL: the send is complete when all bytes are sent, however often the socket is full.
  io_uring_sqe* send_bytes(int fd, const char* data, std::size_t size) {
    io_uring_sqe* const entry = next_entry();
    io_uring_prep_send(entry, fd, data, size, MSG_NOSIGNAL | MSG_WAITALL);
    return begin_part(entry, Operation::kSend, fd);
  }

  io_uring_sqe* begin_part(io_uring_sqe* entry, Operation operation, int fd) {
    io_uring_sqe_set_data64(entry, pack(operation, fd));
    ++connection(fd).in_flight;
    ++connection(fd).sending;
    return entry;
  }

  // Submits a chain: read a piece of the file, send it, read the next one, and so on. A link of the
  // chain begins when the one before it is complete, so all use the same slot.
  void send_file(int fd) {
    Connection& client = connection(fd);
    client.slot = take_slot();
    std::size_t offset = response_.offset(client.owed);
    reserve(2 * kChain);
    io_uring_sqe* last = nullptr;
    for (unsigned piece = 0; piece < kChain && (piece == 0 || offset < response_.size()); ++piece) {
      const std::size_t of_head = response_.head.size() - std::min(offset, response_.head.size());
      const std::size_t from = offset + of_head - response_.head.size();
      const std::size_t size = std::min(kSlotSize, response_.file_size - from);
      read_file(fd, static_cast<unsigned>(size), from)->flags |= IOSQE_IO_LINK;
      last = send_bytes(fd, client.slot->data() - of_head, of_head + size);
      last->flags |= IOSQE_IO_LINK;
      offset += of_head + size;
    }
    last->flags &= static_cast<std::uint8_t>(~IOSQE_IO_LINK);
  }

  io_uring_sqe* read_file(int fd, unsigned size, std::size_t from) {
    Slot& slot = *connection(fd).slot;
    io_uring_sqe* const entry = next_entry();
    if (slot.registered >= 0) {
      io_uring_prep_read_fixed(entry, response_.file, slot.data(), size, from, slot.registered);
    } else {
      io_uring_prep_read(entry, response_.file, slot.data(), size, from);
    }
    return begin_part(entry, Operation::kReadFile, fd);
  }

  void sent(int fd, Operation operation, int result) {
    Connection& client = connection(fd);
    --client.in_flight;
    --client.sending;
    if (client.sending == 0 && client.slot != nullptr) {
      free_slots_.push_back(std::exchange(client.slot, nullptr));
    }
    if (result < 0) return drop(fd);
    if (operation == Operation::kSend) client.owed -= static_cast<std::size_t>(result);
    if (client.sending == 0 && client.owed > 0) queue(fd);
    settle(fd);
  }

  // --- The slots of files ---

  void register_slots() {
    std::vector<iovec> registered;
    for (int number = 0; number < kRegistered; ++number) {
      Slot& slot = slots_.emplace_back(response_.head);
      slot.registered = number;
      registered.push_back({slot.data(), kSlotSize});
      free_slots_.push_back(&slot);
    }
    check_ring(io_uring_register_buffers(&ring_, registered.data(), kRegistered),
               "io_uring_register_buffers");
  }

  // A client that does not read keeps its slot. So there are as many as it takes.
  Slot* take_slot() {
    if (free_slots_.empty()) return &slots_.emplace_back(response_.head);
    Slot* const slot = free_slots_.back();
    free_slots_.pop_back();
    return slot;
  }

  // --- The end of a connection ---

  // [drop]
  // A descriptor may have a new owner as soon as it is closed, and the kernel may write into a
  // buffer until it has reported the operation's end. So all operations are ended first.
  void drop(int fd) {
    Connection& client = connection(fd);
    if (!client.dropped) {
      client.dropped = true;
      ++client.life;
      if (client.in_flight > 0) shutdown(fd, SHUT_RDWR);
    }
    settle(fd);
  }

  // Brings a connection from what has just ended to what must go on.
  void settle(int fd) {
    Connection& client = connection(fd);
    if (client.dropped) {
      if (client.in_flight == 0 && !client.queued) close(fd);
      return;
    }
    if (client.owed == 0) client.paused = false;
    if (!client.receiving && !client.paused) receive(fd);
  }
  // [/drop]

  io_uring ring_ = make_ring();
  ReceiveBuffers buffers_{ring_};
  // By descriptor, made in advance: a connection costs no memory later.
  std::vector<Connection> table_ = std::vector<Connection>(kMostConnections);
  std::vector<int> to_send_;
  std::deque<Slot> slots_;  // does not move them when it grows
  std::vector<Slot*> free_slots_;
  int listener_ = -1;
  Response response_;
  std::string replies_;  // many copies of the response: one send answers a whole pipeline
  WaitQueue waiting_;
};

}  // namespace

int main(int argc, char** argv) {
  serve<UringServer>(argc, argv);
}
