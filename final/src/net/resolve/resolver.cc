#include <netdb.h>
#include <sys/socket.h>
#include <tornado/ioloop.h>

#include <algorithm>
#include <cerrno>
#include <mutex>

#include "net/errors.h"
#include "net/resolve/lookup.h"

namespace tornado::netutil {
namespace {

constexpr std::size_t kDefaultThreads = 10;

std::string lookup_error(const std::string& host, int status) {
  const std::string why = status == EAI_SYSTEM ? error_text(errno) : ::gai_strerror(status);
  return "cannot resolve '" + host + "': " + why;
}

std::mutex configured_mutex;
std::shared_ptr<Resolver> configured;  // guarded by configured_mutex

// Returns a completed future with the outcome of lookup().
Future<std::vector<Address>> look_up_here(const std::string& host, std::uint16_t port,
                                          Family family) {
  Future<std::vector<Address>> future;
  try {
    future.set_result(lookup(host, port, family));
  } catch (const ResolveError&) {
    future.set_exception(std::current_exception());
  }
  return future;
}

// A numeric host is converted here, because it is not worth two changes of thread.
Future<std::vector<Address>> look_up_in(concurrent::Executor* executor, std::string host,
                                        std::uint16_t port, Family family) {
  if (is_valid_ip(host)) return look_up_here(host, port, family);
  return ioloop::IOLoop::current().run_in_executor(
      executor, [host = std::move(host), port, family] { return lookup(host, port, family); });
}

}  // namespace

std::vector<Address> lookup(const std::string& host, std::uint16_t port, Family family, int flags) {
  if (host.find('\0') != std::string::npos) throw ResolveError("a host name contains a NUL");
  addrinfo hints{};
  hints.ai_family = to_af(family);
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  const int status = ::getaddrinfo(host.empty() ? nullptr : host.c_str(),
                                   std::to_string(port).c_str(), &hints, &list);
  if (status != 0) throw ResolveError(lookup_error(host, status));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, &::freeaddrinfo);
  std::vector<Address> addresses;
  for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
    Address address(at->ai_addr, at->ai_addrlen);
    if (address.family() == Family::kUnspecified) continue;
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
      addresses.push_back(std::move(address));
    }
  }
  if (addresses.empty()) throw ResolveError("cannot resolve '" + host + "': no IP address");
  return addresses;
}

std::shared_ptr<Resolver> Resolver::default_resolver() {
  const std::lock_guard lock(configured_mutex);
  if (configured == nullptr) configured = std::make_shared<ThreadedResolver>();
  return configured;
}

void Resolver::configure(std::shared_ptr<Resolver> resolver) {
  // The old resolver is destroyed outside the lock, because it may wait for its threads.
  const std::lock_guard lock(configured_mutex);
  configured.swap(resolver);
}

Future<std::vector<Address>> BlockingResolver::resolve(std::string host, std::uint16_t port,
                                                       Family family) {
  return look_up_here(host, port, family);
}

ExecutorResolver::ExecutorResolver(std::shared_ptr<concurrent::Executor> executor)
    : executor_(std::move(executor)) {
  if (executor_ == nullptr) throw std::invalid_argument("an ExecutorResolver needs an executor");
}

Future<std::vector<Address>> ExecutorResolver::resolve(std::string host, std::uint16_t port,
                                                       Family family) {
  return look_up_in(executor_.get(), std::move(host), port, family);
}

ThreadedResolver::ThreadedResolver(std::size_t num_threads)
    : ExecutorResolver(std::make_shared<concurrent::ThreadPoolExecutor>(num_threads)) {}

ThreadedResolver::ThreadedResolver() : ThreadedResolver(kDefaultThreads) {}

Future<std::vector<Address>> DefaultExecutorResolver::resolve(std::string host, std::uint16_t port,
                                                              Family family) {
  return look_up_in(nullptr, std::move(host), port, family);
}

OverrideResolver::OverrideResolver(std::shared_ptr<Resolver> resolver, std::vector<Entry> mapping)
    : resolver_(std::move(resolver)), mapping_(std::move(mapping)) {}

Future<std::vector<Address>> OverrideResolver::resolve(std::string host, std::uint16_t port,
                                                       Family family) {
  const Entry* best = nullptr;
  int best_rank = -1;
  for (const Entry& entry : mapping_) {
    const bool matches = entry.host == host && (!entry.port || *entry.port == port) &&
                         (!entry.family || *entry.family == family);
    const int rank = (entry.family ? 2 : 0) + (entry.port ? 1 : 0);
    if (matches && rank > best_rank) {
      best = &entry;
      best_rank = rank;
    }
  }
  if (best != nullptr) {
    host = best->new_host;
    port = best->new_port.value_or(port);
  }
  return resolver_->resolve(std::move(host), port, family);
}

}  // namespace tornado::netutil
