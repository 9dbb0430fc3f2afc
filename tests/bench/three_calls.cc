// The three-calls experiment: three_calls upstream|callbacks|futures|threads [--port=8888]
// [--upstream=PORT]
#include "three_calls.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <exception>
#include <future>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include "01-blocking-server/servers.h"

namespace {

using three_calls::body_of;
using three_calls::HTTPResponse;
using three_calls::PathArgs;
using three_calls::Settings;
using Asking = three_calls::Asking<mini::AsynchronousHandler>;

// ---- the server that is asked

// Answers "/N" with N, a tenth of a second later.
void serve_upstream(const Settings& settings) {
  mini::IOLoop loop;
  mini::HTTPServer server(loop, [&loop](const std::shared_ptr<mini::HTTPServerRequest>& request) {
    loop.call_later(request->path() == "/" ? 0 : 0.1,
                    [request] { request->respond(200, {}, request->path().substr(1)); });
  });
  server.listen(settings.port);
  three_calls::run(loop, server);
}

// ---- callbacks

// [callbacks_in_turn]
class CallbacksInTurn : public Asking {
 public:
  void get(const PathArgs&) override {
    asynchronous();
    client_->fetch(url_ + "1", wrap([this](const HTTPResponse& first) {
                     const std::string one = body_of(first);
                     client_->fetch(url_ + "2", wrap([this, one](const HTTPResponse& second) {
                                      const std::string two = one + body_of(second);
                                      client_->fetch(url_ + "3",
                                                     wrap([this, two](const HTTPResponse& third) {
                                                       finish(two + body_of(third));
                                                     }));
                                    }));
                   }));
  }
};
// [/callbacks_in_turn]

// [callbacks_at_once]
class CallbacksAtOnce : public Asking {
 public:
  void get(const PathArgs&) override {
    asynchronous();
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      client_->fetch(url_ + std::to_string(i + 1), wrap([this, i](const HTTPResponse& answer) {
                       answers_[i] = answer;
                       if (++here_ == answers_.size()) finish(all());
                     }));
    }
  }

 private:
  std::string all() const {
    return body_of(answers_[0]) + body_of(answers_[1]) + body_of(answers_[2]);
  }

  std::array<HTTPResponse, 3> answers_;
  std::size_t here_ = 0;
};
// [/callbacks_at_once]

// ---- futures

using Answer = mini::Future<HTTPResponse>;

// [futures_in_turn]
class FuturesInTurn : public Asking {
 public:
  void get(const PathArgs&) override {
    asynchronous();
    client_->fetch(url_ + "1").add_done_callback(wrap([this](const Answer& first) {
      all_ += first.result().body;
      client_->fetch(url_ + "2").add_done_callback(wrap([this](const Answer& second) {
        all_ += second.result().body;
        client_->fetch(url_ + "3").add_done_callback(wrap([this](const Answer& third) {
          all_ += third.result().body;
          finish(all_);
        }));
      }));
    }));
  }

 private:
  std::string all_;
};
// [/futures_in_turn]

// [futures_at_once]
class FuturesAtOnce : public Asking {
 public:
  void get(const PathArgs&) override {
    asynchronous();
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      client_->fetch(url_ + std::to_string(i + 1))
          .add_done_callback(wrap([this, i](const Answer& done) {
            answers_[i] = done;
            if (++here_ == answers_.size()) finish(all());
          }));
    }
  }

 private:
  std::string all() const {
    std::string text;
    for (const Answer& answer : answers_) text += answer.result().body;
    return text;
  }

  std::array<Answer, 3> answers_;
  std::size_t here_ = 0;
};
// [/futures_at_once]

// ---- threads

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// The page `target` of the upstream. Waits for it, and with it the thread.
std::string ask(std::uint16_t port, const std::string& target) {
  mini::Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail("connect");
  socket.write_all("GET /" + target + " HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
  std::string answer;
  std::array<char, 4096> piece;
  while (const std::size_t size = socket.read(piece.data(), piece.size()))
    answer.append(piece.data(), size);
  const std::size_t body = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.1 200 ") || body == answer.npos)
    throw std::runtime_error("upstream: no page");
  return answer.substr(body + 4);
}

// [threads]
// [threads_in_turn]
std::string in_turn(std::uint16_t upstream) {
  const std::string one = ask(upstream, "1");
  const std::string two = ask(upstream, "2");
  return one + two + ask(upstream, "3");
}
// [/threads_in_turn]

std::string at_once(std::uint16_t upstream) {
  auto one = std::async(std::launch::async, ask, upstream, "1");
  auto two = std::async(std::launch::async, ask, upstream, "2");
  const std::string three = ask(upstream, "3");
  return one.get() + two.get() + three;
}
// [/threads]

void serve_threads(const Settings& settings) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  mini::ThreadServer server(
      mini::Socket::listen(settings.port),
      [upstream = settings.upstream](const mini::Request& request) -> mini::Response {
        if (request.target == "/in-turn") return {200, in_turn(upstream)};
        if (request.target == "/at-once") return {200, at_once(upstream)};
        return {200, "Hello, world"};
      });
  std::thread serving([&server] { server.run(); });
  three_calls::say_where(server.port());
  int signal = 0;
  sigwait(&ends, &signal);
  server.stop();
  serving.join();
}

void serve(const Settings& settings) {
  demo::allow_many_descriptors();
  if (settings.contender == "upstream") return serve_upstream(settings);
  if (settings.contender == "callbacks")
    return three_calls::serve<CallbacksInTurn, CallbacksAtOnce>(settings);
  if (settings.contender == "futures")
    return three_calls::serve<FuturesInTurn, FuturesAtOnce>(settings);
  if (settings.contender == "threads") return serve_threads(settings);
  throw std::invalid_argument("contenders: upstream callbacks futures threads");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    serve(three_calls::parse(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
