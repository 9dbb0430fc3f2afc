// The chat of chapter 08 with a thread for each client, for the experiment with clients that wait:
// long_polling_threads [--port=8888]. The same requests, the same answers.
#include <condition_variable>
#include <cstdio>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "01-blocking-server/servers.h"
#include "06-request-handler/demo/demo.h"

namespace {

constexpr std::size_t kMaxThreads = 20'000;
constexpr std::string_view kText = "text=";

class MessageBuffer {
 public:
  void add(std::string text) {
    const std::lock_guard lock(mutex_);
    messages_.push_back(std::move(text));
    added_.notify_all();
  }

  // The messages after number `id`, each in a line. Waits for one: the thread has nothing else to
  // do, and does not see its client leave.
  std::string after(std::size_t id) {
    std::unique_lock lock(mutex_);
    added_.wait(lock, [this, id] { return messages_.size() > id; });
    std::string lines;
    for (std::size_t i = id; i < messages_.size(); ++i) {
      lines += std::to_string(i + 1) + " " + messages_[i] + "\n";
    }
    return lines;
  }

 private:
  std::mutex mutex_;
  std::condition_variable added_;
  std::vector<std::string> messages_;
};

mini::Response handle(MessageBuffer& buffer, const mini::Request& request) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (path == "/") return {200, "Hello, world"};
  if (path == "/a/message/new" && request.body.starts_with(kText)) {
    buffer.add(request.body.substr(kText.size()));
    return {200, ""};
  }
  const auto after = demo::to_number<std::size_t>(request.argument("after"));
  if (path == "/a/message/updates" && after) return {200, buffer.after(*after)};
  return {404, "Not Found\n"};
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const demo::Settings settings = demo::parse(argc, argv);
    demo::allow_many_descriptors();
    MessageBuffer buffer;
    mini::ThreadServer server(
        mini::Socket::listen(settings.port, settings.address),
        [&buffer](const mini::Request& request) { return handle(buffer, request); }, kMaxThreads);
    std::printf("listening on http://127.0.0.1:%d\n", server.port());
    std::fflush(stdout);
    server.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
