#include "04-2-read-until-close/read_until_close.h"

void read_until_close(const std::shared_ptr<mini::IOStream>& stream,
                      const std::function<void(std::string data, std::error_code error)>& callback,
                      std::size_t max_bytes) {
  // TODO: these are the first bytes. Where is the rest, and what tells that it was the rest?
  stream->read_bytes(
      max_bytes, [callback](std::string data) { callback(std::move(data), {}); }, true);
}
