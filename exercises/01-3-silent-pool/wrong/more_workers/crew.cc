#include "01-3-silent-pool/crew.h"

#include <cstdio>
#include <exception>
#include <utility>

Crew::Crew(std::size_t workers, Serve serve) : serve_(std::move(serve)) {
  for (std::size_t i = 0; i < 8 * workers; ++i) workers_.emplace_back([this] { work(); });
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
  try {
    while (std::optional<mini::Socket> client = next()) serve_(*client);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "a client failed: %s\n", error.what());
  } catch (...) {
    std::fprintf(stderr, "a client failed\n");
  }
}
