#include "01-3-silent-pool/crew.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>

namespace {

// Returns what the log calls the other end: "client 127.0.0.1:4711". A connection that was reset
// has no other end any more.
std::string name_of(const mini::Socket& client) {
  sockaddr_in peer{};
  socklen_t size = sizeof peer;
  if (::getpeername(client.fd(), reinterpret_cast<sockaddr*>(&peer), &size) != 0) return "a client";
  std::array<char, INET_ADDRSTRLEN> digits{};
  ::inet_ntop(AF_INET, &peer.sin_addr, digits.data(), digits.size());
  return std::string("client ") + digits.data() + ":" + std::to_string(ntohs(peer.sin_port));
}

void log_failure(const mini::Socket& client, const std::string& why) {
  std::fprintf(stderr, "%s failed%s%s\n", name_of(client).c_str(), why.empty() ? "" : ": ",
               why.c_str());
}

}  // namespace

Crew::Crew(std::size_t workers, Serve serve) : serve_(std::move(serve)) {
  for (std::size_t i = 0; i < workers; ++i) workers_.emplace_back([this] { work(); });
}

Crew::~Crew() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void Crew::add(mini::Socket client) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(client));
  changed_.notify_one();
}

std::optional<mini::Socket> Crew::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !waiting_.empty() || ending_; });
  if (waiting_.empty()) return std::nullopt;
  mini::Socket client = std::move(waiting_.front());
  waiting_.pop_front();
  return client;
}

void Crew::work() {
  while (std::optional<mini::Socket> client = next()) {
    try {
      serve_(*client);
    } catch (const std::exception& error) {
      log_failure(*client, error.what());
    } catch (...) {
      log_failure(*client, "");
    }
  }
}
