#include "client_side.h"

#include <sys/socket.h>
#include <tornado/gen.h>
#include <tornado/httpclient.h>
#include <tornado/log.h>
#include <tornado/netutil.h>
#include <tornado/websocket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "http/message/chunked.h"
#include "http/message/head_parser.h"
#include "http/websocket/handshake.h"
#include "http/websocket/message.h"
#include "peer.h"

namespace tornado::fuzz {

ClientDefect planted_in_client = ClientDefect::kNone;

namespace {

constexpr std::size_t kMostBytes = 8 << 20;
constexpr std::size_t kMaxBody = 50'000;
constexpr double kPatience = 1000;  // virtual seconds: more than all timeouts together
constexpr int kMaxRedirects = 3;
constexpr std::size_t kMaxRequests = 200;  // on one connection

enum Flag : std::uint8_t {  // of the first byte; bits 0 and 1: how many fetches, less one
  kWebSocket = 4,
  kStreaming = 8,
  kNoRedirects = 16,
  kOneAtATime = 32,
  kPost = 64,
  kHead = 128,
};
enum SecondFlag : std::uint8_t {
  kPlain = 1,
  kExpect = 2,
  kProducer = 4,
  kDeflate = 8,
  kPings = 16
};

std::uint64_t salt = 0;

// Cannot be guessed by the mutator, so that a tag shows when it was sent.
std::string tag_of(std::size_t connection, std::size_t request) {
  return std::to_string(salt * 1'000'003 + connection * 1000 + request);
}

struct Entry {
  std::string path;
  std::string tag;
};

// The client's side of one connection, read by the rules of our server.
class RequestLog {
 public:
  RequestLog(std::size_t number, std::vector<Entry>& all) : number_(number), all_(all) {}

  void read(std::string& data) {
    while (step(data)) {
    }
  }
  std::string tag() const {
    return tag_of(number_, planted_in_client == ClientDefect::kTag ? requests_ - 1 : requests_);
  }
  const std::string& key() const { return key_; }

 private:
  enum class State : std::uint8_t { kHead, kBody, kFrames, kClosed };

  bool step(std::string& data) {
    if (data.empty()) return false;
    if (state_ == State::kHead) return head(data);
    if (state_ == State::kBody) return body(data);
    const bool bytes_after_a_close_frame = state_ == State::kClosed;
    FUZZ_CHECK(!bytes_after_a_close_frame);
    return frame(data);
  }

  bool head(std::string& data) {
    http::RequestHead head;
    http::HeadScan scan;
    const auto result =
        http::parse_request_head(data, scan, {.max_size = 65'536, .max_fields = 100}, head);
    if (result.status == http::HeadStatus::kNeedMore) return false;
    const bool request_is_http = result.status == http::HeadStatus::kDone;
    FUZZ_CHECK(request_is_http);
    data.erase(0, result.consumed);
    FUZZ_CHECK(++requests_ <= kMaxRequests);
    all_.push_back({head.start_line.path, tag_of(number_, requests_)});
    key_ = head.headers.get("Sec-WebSocket-Key");
    left_ = head.content_length.value_or(0);
    chunked_.reset();
    if (head.chunked) chunked_.emplace(http::ChunkedLimits{});
    state_ = !key_.empty()               ? State::kFrames
             : head.chunked || left_ > 0 ? State::kBody
                                         : State::kHead;
    return true;
  }

  bool body(std::string& data) {
    if (!chunked_) {
      const std::size_t taken = std::min<std::uint64_t>(left_, data.size());
      data.erase(0, taken);
      left_ -= taken;
      if (left_ == 0) state_ = State::kHead;
      return true;
    }
    const auto result = chunked_->next(data);
    const bool chunks_are_valid = result.reason == nullptr;
    FUZZ_CHECK(chunks_are_valid);
    data.erase(0, result.consumed);
    if (result.status == http::ChunkedStatus::kDone) state_ = State::kHead;
    return result.consumed > 0;
  }

  bool frame(std::string& data) {
    std::string scratch;
    const auto result = frames_.next(data, scratch);
    const bool frame_is_accepted_by_our_server = result.status != http::MessageStatus::kBad;
    FUZZ_CHECK(frame_is_accepted_by_our_server);
    data.erase(0, result.consumed);
    if (result.status == http::MessageStatus::kClose) state_ = State::kClosed;
    return result.status != http::MessageStatus::kNeedMore || result.consumed > 0;
  }

  static http::MessageRules rules() {
    http::MessageRules rules;
    rules.frames.compressed = true;
    return rules;
  }

  const std::size_t number_;
  std::vector<Entry>& all_;
  State state_ = State::kHead;
  std::size_t requests_ = 0;
  std::string key_;
  std::uint64_t left_ = 0;
  std::optional<http::ChunkedDecoder> chunked_;
  http::MessageReader frames_{rules()};
};

// Resolves every name to one Unix socket.
class Everywhere final : public netutil::Resolver {
 public:
  explicit Everywhere(netutil::Address address) : address_(std::move(address)) {}
  Future<std::vector<netutil::Address>> resolve(std::string, std::uint16_t,
                                                netutil::Family) override {
    Future<std::vector<netutil::Address>> found;
    found.set_result({address_});
    return found;
  }

 private:
  netutil::Address address_;
};

// The socket that all runs of this process connect to.
struct Listener {
  Listener() {
    folder = std::filesystem::temp_directory_path() / "tornado-fuzz-XXXXXX";
    FUZZ_CHECK(::mkdtemp(folder.data()) != nullptr);
    socket = netutil::bind_unix_socket(folder + "/peer");
    resolver = std::make_shared<Everywhere>(netutil::Address::unix_path(folder + "/peer"));
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { std::filesystem::remove_all(folder); }

  std::string folder;
  netutil::Socket socket;
  std::shared_ptr<netutil::Resolver> resolver;
};

class Run {
 public:
  Run(const Script& script, Listener& listener)
      : script_(script),
        listener_(listener),
        client_(httpclient::force_instance, options(script, listener)) {}

  void play();

 private:
  struct End {
    std::unique_ptr<Peer> peer;
    std::unique_ptr<RequestLog> log;
  };
  struct Fetch {
    std::string path;
    Future<httpclient::HTTPResponse> response;
  };

  static httpclient::ClientOptions options(const Script& script, const Listener& listener);
  bool has(Flag flag) const { return (script_.flags[0] & flag) != 0; }
  bool has(SecondFlag flag) const { return (script_.flags[1] & flag) != 0; }
  httpclient::HTTPRequest request(const std::string& path);
  void begin();
  Future<void> chat();
  void play(const Step& step);
  void send(const Step& step);
  std::string substitute(std::string text, const End& end);
  void settle(double seconds = 0);
  bool pump();
  bool done() const;
  void check(const Fetch& fetch) const;
  void finish();

  const Script& script_;
  Listener& listener_;
  World world_;
  httpclient::AsyncHTTPClient client_;
  std::vector<Entry> requests_;
  std::set<std::string> tags_;  // that were sent
  std::vector<End> ends_;
  std::vector<Fetch> fetches_;
  std::optional<Future<void>> chat_;
  std::size_t streamed_ = 0;
};

httpclient::ClientOptions Run::options(const Script& script, const Listener& listener) {
  httpclient::ClientOptions options;
  options.resolver = listener.resolver;
  options.max_body_size = kMaxBody;
  options.max_header_size = 4096;
  options.max_clients = (script.flags[0] & kOneAtATime) != 0 ? 1 : 3;
  return options;
}

httpclient::HTTPRequest Run::request(const std::string& path) {
  httpclient::HTTPRequest request("http://peer" + path);
  request.max_redirects = kMaxRedirects;
  request.follow_redirects = !has(kNoRedirects);
  request.decompress_response = !has(kPlain);
  request.request_timeout = 60;
  if (has(kHead)) {
    request.method = "HEAD";
  } else if (has(kPost)) {
    request.method = "POST";
    request.expect_100_continue = has(kExpect);
    if (has(kProducer)) {
      request.body_producer = [](httpclient::BodyWriter write) -> Future<void> {
        co_await write("one");
        co_await gen::sleep(0.1);
        co_await write("two");
      };
    } else {
      request.body = "the body";
    }
  }
  if (has(kStreaming)) {
    request.streaming_callback = [this](std::string piece) { streamed_ += piece.size(); };
  }
  return request;
}

Future<void> Run::chat() {
  httpclient::HTTPRequest request("ws://peer/chat");
  request.request_timeout = 60;
  websocket::WebSocketConnectOptions options;
  options.resolver = listener_.resolver;
  options.max_message_size = kMaxBody;
  options.connect_timeout = 60;
  if (has(kDeflate)) options.compression_options = websocket::CompressionOptions();
  if (has(kPings)) options.ping_interval = 10;
  const auto connection = co_await websocket::websocket_connect(request, options);
  connection.write_message("first");
  for (int received = 0; received < 1000; ++received) {
    const auto message = co_await connection.read_message();
    if (!message) break;
    const bool message_is_bounded = message->data.size() <= kMaxBody;
    FUZZ_CHECK(message_is_bounded);
    if (message->data == "close") connection.close(4000, "as asked");
    if (message->data.size() % 3 == 0) connection.write_message(*message);
  }
  connection.close();
}

void Run::begin() {
  if (has(kWebSocket)) chat_ = chat();
  const std::size_t count = (script_.flags[0] & 3U) + 1U;
  for (std::size_t i = has(kWebSocket) ? 1 : 0; i < count; ++i) {
    const std::string path = "/" + std::to_string(i);
    fetches_.push_back({path, client_.fetch(request(path), false)});
  }
  settle();
}

bool Run::pump() {
  bool moved = false;
  for (;;) {
    const int fd =
        ::accept4(listener_.socket.fileno(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) break;
    ends_.push_back(
        {std::make_unique<Peer>(fd), std::make_unique<RequestLog>(ends_.size(), requests_)});
    moved = true;
  }
  for (End& one : ends_) {
    moved |= one.peer->pump();
    one.log->read(one.peer->received);
  }
  return moved;
}

void Run::settle(double seconds) {
  world_.turn(seconds);
  while (pump()) world_.turn();
  const bool memory_is_bounded = world_.growth() < kMostBytes;
  FUZZ_CHECK(memory_is_bounded);
}

// Replaces `@@` with the tag of the last request that the peer has read, and `@K` with the accept
// value for its WebSocket key. For a stalled peer, which reads no requests, `@@` stays.
std::string Run::substitute(std::string text, const End& end) {
  for (auto at = text.find('@'); at != std::string::npos; at = text.find('@', at + 1)) {
    const char which = at + 1 < text.size() ? text[at + 1] : '\0';
    if (which == '@' && !end.peer->stalled()) {
      text.replace(at, 2, *tags_.insert(end.log->tag()).first);
    } else if (which == 'K') {
      text.replace(at, 2, http::websocket_accept(end.log->key()));
    }
  }
  return text;
}

// A step for a connection that the client has not made, or not yet, does nothing.
void Run::send(const Step& step) {
  const std::string bytes = wire_bytes(step, false);
  const std::size_t size = piece_size(step.cut);
  std::size_t at = 0;
  for (int pieces = 0; at < bytes.size(); ++pieces) {
    const std::size_t taken = pieces < 50 ? size : std::string::npos;
    const std::string piece = bytes.substr(at, taken);
    at += piece.size();
    const End& end = ends_[step.connection];
    end.peer->send(substitute(piece, end));
    settle();
  }
}

void Run::play(const Step& step) {
  if (step.action == Action::kPause) return settle(step.number * 0.1);
  if (step.connection >= ends_.size()) return settle();
  Peer& peer = *ends_[step.connection].peer;
  switch (step.action) {
    case Action::kEnd:
      peer.end();
      break;
    case Action::kClose:
      peer.close();
      break;
    case Action::kStall:
      peer.stall(!peer.stalled());
      break;
    default:
      return send(step);
  }
  settle();
}

bool Run::done() const {
  for (const Fetch& fetch : fetches_) {
    if (!fetch.response.done()) return false;
  }
  return !chat_ || chat_->done();
}

void Run::check(const Fetch& fetch) const {
  if (fetch.response.exception() != nullptr) return;
  const httpclient::HTTPResponse response = fetch.response.result();
  FUZZ_CHECK(response.body.size() <= kMaxBody);
  if (!response.effective_url.ends_with("peer" + fetch.path)) return;
  const std::string tag = response.headers.get("X-Id");
  if (tags_.count(tag) == 0) return;
  bool response_belongs_to_the_request = false;
  for (const Entry& entry : requests_) {
    if (entry.path == fetch.path && entry.tag == tag) response_belongs_to_the_request = true;
  }
  FUZZ_CHECK(response_belongs_to_the_request);
}

void Run::finish() {
  std::string hoard;
  if (planted_in_client == ClientDefect::kMemory) hoard.assign(2 * kMostBytes, 'm');
  double left = planted_in_client == ClientDefect::kFetch ? 0 : kPatience;
  for (double pause = 0.1; left > 0 && !done(); pause *= 2) {
    settle(pause);
    left -= pause;
    // A WebSocket may be read for ever.
    if (left < kPatience / 2) {
      for (End& one : ends_) one.peer->close();
    }
  }
  const bool each_fetch_has_ended = done();
  FUZZ_CHECK(each_fetch_has_ended);
  for (const Fetch& fetch : fetches_) check(fetch);
  FUZZ_CHECK(streamed_ <= (fetches_.size() * kMaxBody));
  client_.close();
  settle();
  for (const End& one : ends_) one.peer->close();
  settle();
}

void Run::play() {
  begin();
  for (const Step& step : script_.steps) play(step);
  finish();
}

struct Quiet {
  bool operator()(const log::Record& /*record*/) const { return true; }
};

}  // namespace

void play_to_client(std::string_view script) {
  static const log::Capture<Quiet> quiet{Quiet()};
  static Listener listener;
  ++salt;
  const int open_before = open_descriptors();
  Run(parse_script(script), listener).play();
  if (planted_in_client == ClientDefect::kDescriptor) static_cast<void>(::dup(STDERR_FILENO));
  const bool no_descriptor_is_left = open_descriptors() == open_before;
  FUZZ_CHECK(no_descriptor_is_left);
}

}  // namespace tornado::fuzz
