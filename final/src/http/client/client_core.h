// Internal header. What the fetches of one client share: the queue, the limits, the options. Base
// of the simple and of the curl client's core.
#pragma once

#include <tornado/httpclient.h>
#include <tornado/ioloop.h>

#include <cstddef>

#include "http/client/response_reader.h"

namespace tornado::http {

class ClientFetch;

// Returns whether the server has neither closed the connection of `fd` nor sent anything that
// nobody has read, as far as the kernel knows. Costs a system call.
bool is_quiet(int fd);

// Lives until the client and the last fetch are gone. Notices when its loop closes.
class ClientCore : public core::Counted, public core::ListHook {
 public:
  // Begins the fetch, or queues it while max_clients others run. Throws std::invalid_argument if
  // the request cannot be sent, std::runtime_error if the client is closed.
  void add(const core::Ref<ClientFetch>& fetch);
  // Ends all fetches and closes the connections. No fetch may follow.
  void close();

  // For ClientFetch: removes it from the lists. If it had `begun`, the next one may begin in its
  // place.
  void fetch_over(ClientFetch& fetch, bool begun);

  ioloop::IOLoop& loop;
  const httpclient::ClientOptions options;
  const ResponseLimits limits;

 protected:
  explicit ClientCore(const httpclient::ClientOptions& client_options);
  ~ClientCore() override;

  // Closes the connections; no fetch is left.
  virtual void close_connections() = 0;

  core::ListHook active_;  // ClientFetch, each with a reference of its own

 private:
  struct OfLoop;

  void begin_waiting();
  // The same as close() without completing any future: their callbacks would never run.
  void loop_closes();

  core::ListHook waiting_;  // as active_
  std::size_t active_count_ = 0;
  bool beginning_ = false;
  bool closed_ = false;
};

}  // namespace tornado::http
