// A file of handlers such as a service has: JSON, WebSocket, client, templates. Its compile time
// has a budget; it is not linked.
#include <tornado/gen.h>
#include <tornado/httpclient.h>
#include <tornado/json.h>
#include <tornado/locks.h>
#include <tornado/template.h>
#include <tornado/web.h>
#include <tornado/websocket.h>

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace tornado;
using namespace std::chrono_literals;

struct Comment {
  std::string author;
  std::string text;
};
TORNADO_FIELDS(Comment, author, text)

struct Task {
  int id = 0;
  std::string title;
  bool done = false;
  std::optional<double> hours;
  std::vector<std::string> labels;
  std::vector<Comment> comments;
};
TORNADO_FIELDS(Task, id, title, done, hours, labels, comments)

struct NewTask {
  std::string title;
  std::optional<double> hours;
  std::vector<std::string> labels;
};
TORNADO_FIELDS(NewTask, title, hours, labels)

struct Weather {
  std::string place;
  double temperature = 0;
};
TORNADO_FIELDS(Weather, place, temperature)

class BoardSocket;

struct Board {
  std::map<int, Task> tasks;
  std::set<BoardSocket*> sockets;
  locks::Condition changed;
  std::string weather_url;
};

struct BoardHandler : web::RequestHandler {
  struct Init {
    Board* board;
  };
  void initialize(const Init& init) { board = init.board; }

  web::CurrentUser get_current_user() override { return get_signed_cookie("user"); }
  Task& find(int id) const {
    const auto found = board->tasks.find(id);
    if (found == board->tasks.end()) throw web::HTTPError(404);
    return found->second;
  }

  Board* board = nullptr;
};

class BoardSocket : public websocket::WebSocketHandler {
 public:
  using Init = BoardHandler::Init;
  void initialize(const Init& init) { board_ = init.board; }

  void open() {
    board_->sockets.insert(this);
    for (const auto& [id, task] : board_->tasks) write_message(escape::json_encode(json(task)));
  }
  void on_message(std::string text) {
    const auto comment = escape::json_decode<Comment>(text);
    for (auto& [id, task] : board_->tasks) task.comments.push_back(comment);
    websocket::broadcast(board_->sockets, escape::json_encode(json{{"comment", comment}}));
  }
  void on_close() { board_->sockets.erase(this); }

 private:
  Board* board_ = nullptr;
};

struct PageHandler : BoardHandler {
  void get() {
    std::vector<Task> open;
    for (const auto& [id, task] : board->tasks) {
      if (!task.done) open.push_back(task);
    }
    render("board.html", {{"tasks", open}, {"title", "Open tasks"}, {"count", open.size()}});
  }
};

struct TaskPageHandler : BoardHandler {
  void get(int id) { render("task.html", {{"task", find(id)}}); }
  void post(int id) {
    Task& task = find(id);
    task.comments.push_back({get_argument("author", "somebody"), get_argument("text")});
    redirect("/tasks/" + std::to_string(id));
  }
};

struct LoginHandler : web::RequestHandler {
  void get() { render("login.html", {{"next", get_argument("next", "/")}}); }
  void post() {
    const std::string name = get_argument("name");
    if (name.empty()) throw web::HTTPError(400, "login without a name");
    set_signed_cookie("user", name);
    redirect(get_argument("next", "/"));
  }
};

struct TasksHandler : BoardHandler {
  void get() {
    json list = json::array();
    for (const auto& [id, task] : board->tasks) list.push_back(task);
    write(json{{"tasks", list}, {"count", board->tasks.size()}});
  }
  void post(web::authenticated) {
    auto wanted = get_json_body<NewTask>();
    Task task;
    task.id = board->tasks.empty() ? 1 : board->tasks.rbegin()->first + 1;
    task.title = std::move(wanted.title);
    task.hours = wanted.hours;
    task.labels = std::move(wanted.labels);
    board->tasks.emplace(task.id, task);
    board->changed.notify_all();
    websocket::broadcast(board->sockets, escape::json_encode(json(task)));
    set_status(201);
    set_header("Location", "/api/tasks/" + std::to_string(task.id));
    write(task);
  }
};

struct TaskHandler : BoardHandler {
  void get(int id) { write(find(id)); }
  void put(int id) {
    Task& task = find(id);
    task = get_json_body<Task>();
    board->changed.notify_all();
    write(task);
  }
  void delete_(int id) {
    if (board->tasks.erase(id) == 0) throw web::HTTPError(404);
    set_status(204);
  }
};

struct WeatherHandler : BoardHandler {
  Future<void> get() {
    const httpclient::AsyncHTTPClient client;
    std::vector<Future<httpclient::HTTPResponse>> fetches;
    for (const std::string& place : get_arguments("place")) {
      httpclient::HTTPRequest wanted(board->weather_url + place);
      wanted.request_timeout = 2;
      fetches.push_back(client.fetch(std::move(wanted)));
    }
    json list = json::array();
    try {
      const auto responses = co_await gen::multi(std::move(fetches));
      for (const httpclient::HTTPResponse& response : responses) {
        list.push_back(escape::json_decode<Weather>(response.body));
      }
    } catch (const httpclient::HTTPClientError& error) {
      set_status(502);
      write(json{{"error", error.what()}});
      co_return;
    }
    write(json{{"weather", list}});
  }
};

class EventsHandler : public BoardHandler {
 public:
  Future<void> get() {
    set_header("Content-Type", "text/event-stream");
    while (true) {
      write(web::server_sent_event(escape::json_encode(json{{"count", board->tasks.size()}})));
      co_await flush();
      wait_ = board->changed.wait(30s);
      co_await wait_;
    }
  }
  void on_connection_close() override { wait_.cancel(); }

 private:
  Future<bool> wait_;
};

std::vector<web::URLSpec> routes(Board& board) {
  return {
      web::url<PageHandler>("/", {.board = &board}),
      web::url<LoginHandler>("/login"),
      web::url<TaskPageHandler>("/tasks/([0-9]+)", {.board = &board}),
      web::url<TasksHandler>("/api/tasks", {.board = &board}),
      web::url<TaskHandler>("/api/tasks/([0-9]+)", {.board = &board}),
      web::url<WeatherHandler>("/weather", {.board = &board}),
      web::url<EventsHandler>("/events", {.board = &board}),
      web::url<BoardSocket>("/socket", {.board = &board}),
  };
}
