// Internal header: a redis-server of a test's own, on a free port.
#pragma once

#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace tornado::test {

// Returns a port of 127.0.0.1 that nobody used a moment ago.
inline int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool good = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(fd);
  if (!good) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

// Starts with appendonly in a folder of its own, so that a restart keeps the messages.
class RedisServer {
 public:
  explicit RedisServer(std::vector<std::string> options = {}, int port = 0)
      : options_(std::move(options)), port_(port) {
    std::string name = (std::filesystem::temp_directory_path() / "redis-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for Redis");
    folder_ = name;
    // The port may be gone by the time Redis binds it.
    for (int tries = 0; tries < 5 && pid_ < 0; ++tries) {
      if (port == 0) port_ = free_port();
      start();
    }
    if (pid_ < 0) throw std::runtime_error("redis-server does not start");
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer() {
    kill();
    std::filesystem::remove_all(folder_);
  }

  int port() const noexcept { return port_; }
  std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }

  void start() {
    std::vector<std::string> words{"redis-server",
                                   "--port",
                                   std::to_string(port_),
                                   "--bind",
                                   "127.0.0.1",
                                   "--dir",
                                   folder_,
                                   "--save",
                                   "",
                                   "--appendonly",
                                   "yes",
                                   "--appendfsync",
                                   "no"};
    words.insert(words.end(), options_.begin(), options_.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    int out[2];
    if (::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    const int failed =
        ::posix_spawnp(&pid_, "redis-server", &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(out[1]);
    if (failed != 0) throw std::runtime_error("redis-server is not installed");
    wait_ready(out[0]);
  }
  // Ends it at once, as kill -9 does.
  void kill() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
    if (output_ != nullptr) std::fclose(std::exchange(output_, nullptr));
  }
  void signal(int number) const { ::kill(pid_, number); }

  // Runs a command, on a connection of its own. Returns a text, or an integer as one.
  std::string ask(const std::vector<std::string>& words) const {
    redisContext* const context = redisConnect("127.0.0.1", port_);
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    for (const std::string& word : words) {
      texts.push_back(word.data());
      sizes.push_back(word.size());
    }
    auto* const reply = static_cast<redisReply*>(
        redisCommandArgv(context, static_cast<int>(words.size()), texts.data(), sizes.data()));
    std::string said = "no reply";
    if (reply != nullptr) {
      said = reply->type == REDIS_REPLY_INTEGER ? std::to_string(reply->integer)
             : reply->str != nullptr            ? std::string(reply->str, reply->len)
                                                : "";
      freeReplyObject(reply);
    }
    redisFree(context);
    return said;
  }
  // Returns the number of clients that wait in XREAD.
  int blocked_clients() const {
    const std::string said = ask({"INFO", "clients"});
    const std::string name = "blocked_clients:";
    return std::atoi(said.c_str() + said.find(name) + name.size());
  }

 private:
  void wait_ready(int output) {
    output_ = ::fdopen(output, "r");
    char line[1000];
    while (std::fgets(line, sizeof line, output_) != nullptr) {
      if (std::string(line).find("Ready to accept connections") != std::string::npos) return;
    }
    kill();  // it has ended: the port was taken
  }

  std::vector<std::string> options_;
  int port_;
  std::string folder_;
  pid_t pid_ = -1;
  std::FILE* output_ = nullptr;
};

}  // namespace tornado::test
