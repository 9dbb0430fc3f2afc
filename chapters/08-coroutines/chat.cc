#include "08-coroutines/chat.h"

#include <charconv>
#include <utility>

#include "05-http/text.h"

namespace mini {
namespace {

constexpr std::size_t kMaxText = 2000;  // bytes

constexpr std::string_view kPage = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chat</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 0 auto; padding: 1rem; }
form { display: flex; gap: .5rem; }
input { flex: 1; font: inherit; padding: .4rem; min-width: 0; }
button { font: inherit; padding: .4rem 1rem; }
li { overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>Chat</h1>
<ul id="messages"></ul>
<form id="say"><input id="text" name="text" maxlength="500" aria-label="Message" autofocus><button>Say</button></form>
<script>
let after = 0;
async function listen() {
  for (;;) {
    try {
      const answer = await fetch("/a/message/updates?after=" + after);
      for (const line of (await answer.text()).split("\n")) {
        const space = line.indexOf(" ");
        if (space < 0) continue;
        after = Number(line.slice(0, space));
        const item = document.createElement("li");
        item.textContent = line.slice(space + 1);
        document.getElementById("messages").append(item);
      }
    } catch (error) {
      await new Promise(resolve => setTimeout(resolve, 1000));
    }
  }
}
document.getElementById("say").addEventListener("submit", event => {
  event.preventDefault();
  const text = document.getElementById("text");
  fetch("/a/message/new", {method: "POST", body: new URLSearchParams({text: text.value})});
  text.value = "";
});
listen();
</script>
</body>
</html>
)html";

// One line for each message: its number, a space, its text.
std::string to_lines(const MessageBuffer::Messages& messages) {
  std::string lines;
  for (const Message& message : messages) {
    lines += std::to_string(message.id) + " " + message.text + "\n";
  }
  return lines;
}

class PageHandler : public RequestHandler {
 public:
  void get(const PathArgs&) override { write(kPage); }
};

class NewHandler : public RequestHandler {
 public:
  void initialize(MessageBuffer* buffer) { buffer_ = buffer; }
  void post(const PathArgs&) override {
    std::string text = get_argument("text");
    if (text.empty() || text.size() > kMaxText)
      throw HTTPError(400, "the message is empty or too long");
    for (char& c : text) {
      if (c == '\n' || c == '\r') c = ' ';
    }
    buffer_->add(std::move(text));
    set_status(204);
  }

 private:
  MessageBuffer* buffer_ = nullptr;
};

// [updates]
class UpdatesHandler : public CoroutineHandler {
 public:
  void initialize(MessageBuffer* buffer) { buffer_ = buffer; }
  void get(const PathArgs&) override {
    const auto after = to_size(get_argument("after", "0"), 10);
    if (!after) throw HTTPError(400, "after is not a number");
    run(answer(*after));
  }
  void on_connection_close() override { buffer_->cancel(wait_); }

 private:
  // [answer]
  Future<void> answer(std::uint64_t after) {
    const MessageBuffer::Wait wait = buffer_->wait(after);
    wait_ = wait.number;
    const MessageBuffer::Messages messages = co_await wait.news;
    set_header("Content-Type", "text/plain; charset=UTF-8");
    write(to_lines(messages));
  }
  // [/answer]

  MessageBuffer* buffer_ = nullptr;
  std::uint64_t wait_ = 0;
};
// [/updates]

}  // namespace

MessageBuffer::Messages MessageBuffer::after(std::uint64_t id) const {
  Messages news;
  for (const Message& message : messages_) {
    if (message.id > id) news.push_back(message);
  }
  return news;
}

// [news]
MessageBuffer::Wait MessageBuffer::wait(std::uint64_t id) {
  Wait wait;
  // A larger number than ours is from before a restart: this client has seen none of our messages.
  Messages news = after(id > last_id_ ? 0 : id);
  if (!news.empty()) {
    wait.news.set_result(std::move(news));
  } else {
    wait.number = ++last_wait_;
    waiting_.emplace(wait.number, wait.news);
  }
  return wait;
}

void MessageBuffer::add(std::string text) {
  messages_.push_back({++last_id_, std::move(text)});
  if (messages_.size() > kKept) messages_.pop_front();
  for (const auto& [number, news] : std::exchange(waiting_, {})) {
    news.set_result(Messages{messages_.back()});
  }
}
// [/news]

// [cancel]
void MessageBuffer::cancel(std::uint64_t number) {
  const auto found = waiting_.find(number);
  if (found == waiting_.end()) return;
  const Future<Messages> news = found->second;
  waiting_.erase(found);
  news.set_result();
}
// [/cancel]

std::vector<URLSpec> chat_routes(MessageBuffer& buffer) {
  return {url<PageHandler>("/chat"), url<NewHandler>("/a/message/new", "", &buffer),
          url<UpdatesHandler>("/a/message/updates", "", &buffer)};
}

}  // namespace mini
