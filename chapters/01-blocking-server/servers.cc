#include "01-blocking-server/servers.h"

#include <cstdio>
#include <optional>
#include <system_error>
#include <utility>

namespace mini {

void OpenConnections::add(Socket& client) {
  const std::lock_guard lock(mutex_);
  open_.insert(&client);
  if (ended_) client.shutdown();
}

void OpenConnections::remove(Socket& client) {
  const std::lock_guard lock(mutex_);
  open_.erase(&client);
}

void OpenConnections::shutdown_all() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  for (Socket* client : open_) client->shutdown();
}

Server::Server(Socket listener, Handler handler)
    : listener_(std::move(listener)), handler_(std::move(handler)) {}

// [run]
void Server::run() {
  while (std::optional<Socket> client = listener_.accept()) {
    take(std::move(*client));
  }
  finish();
}

void Server::stop() {
  listener_.shutdown();
  open_.shutdown_all();
}
// [/run]

void Server::serve(Socket client) {
  open_.add(client);
  serve_connection(client, handler_);
  open_.remove(client);
}

// [one]
void OneAtATimeServer::take(Socket client) {
  serve(std::move(client));
}
// [/one]

ThreadServer::ThreadServer(Socket listener, Handler handler, std::size_t max_threads)
    : Server(std::move(listener), std::move(handler)), max_threads_(max_threads) {}

ThreadServer::~ThreadServer() {
  finish();
}

// [threads]
void ThreadServer::take(Socket client) {
  {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return threads_ < max_threads_; });
    ++threads_;
  }
  try {
    std::thread([this, socket = std::move(client)]() mutable {
      serve(std::move(socket));
      thread_ended();
    }).detach();
  } catch (const std::system_error& error) {
    // No more threads to be had: this client's connection closes, and the server goes on.
    std::fprintf(stderr, "no thread for a client: %s\n", error.what());
    thread_ended();
  }
}
// [/threads]

// [threads_end]
void ThreadServer::thread_ended() {
  // Notify under the lock: once finish() sees a count of 0, this object may be destroyed.
  const std::lock_guard lock(mutex_);
  --threads_;
  ended_.notify_all();
}

void ThreadServer::finish() {
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [this] { return threads_ == 0; });
}
// [/threads_end]

PoolServer::PoolServer(Socket listener, Handler handler, std::size_t workers,
                       std::size_t max_waiting)
    : Server(std::move(listener), std::move(handler)), max_waiting_(max_waiting) {
  workers_.reserve(workers);
  try {
    while (workers_.size() < workers) workers_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
    if (workers_.empty()) throw;  // otherwise those that could be started do the work
  }
}

PoolServer::~PoolServer() {
  finish();
}

// [pool_take]
void PoolServer::take(Socket client) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.size() < max_waiting_; });
  waiting_.push_back(std::move(client));
  changed_.notify_all();
}
// [/pool_take]

// [pool_work]
void PoolServer::work() {
  while (true) {
    Socket client;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !waiting_.empty() || ending_; });
      if (waiting_.empty()) return;
      client = std::move(waiting_.front());
      waiting_.pop_front();
      changed_.notify_all();
    }
    serve(std::move(client));
  }
}
// [/pool_work]

void PoolServer::finish() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

}  // namespace mini
