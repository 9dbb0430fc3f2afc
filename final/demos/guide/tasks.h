// Internal header of the guide: a list of tasks over HTTP, all of the program but main(), so that
// its test can use it too.
#pragma once

#include <tornado/web.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tasks {

using namespace tornado;

// [store]
class Tasks {
 public:
  int add(std::string title) {
    tasks_.emplace(++last_, std::move(title));
    return last_;
  }
  bool remove(int id) { return tasks_.erase(id) == 1; }
  const std::map<int, std::string>& all() const { return tasks_; }

 private:
  std::map<int, std::string> tasks_;
  int last_ = 0;
};
// [/store]

// [base]
struct BaseHandler : web::RequestHandler {
  struct Init {
    Tasks* tasks;
  };
  void initialize(const Init& init) { tasks = init.tasks; }

  void set_default_headers() override { set_header("Content-Type", "text/plain; charset=UTF-8"); }
  void write_error(int status_code, const web::ErrorInfo& /*info*/) override {
    write("error " + std::to_string(status_code) + "\n");
    finish();
  }

  Tasks* tasks = nullptr;
};
// [/base]

// [handlers]
struct TasksHandler : BaseHandler {
  void get() {
    for (const auto& [id, title] : tasks->all()) write(std::to_string(id) + " " + title + "\n");
  }
  void post() {
    const int id = tasks->add(get_body_argument("title"));
    set_status(201);
    set_header("Location", reverse_url("task", id));
  }
};

struct TaskHandler : BaseHandler {
  void get(int id) {
    const auto found = tasks->all().find(id);
    if (found == tasks->all().end()) throw web::HTTPError(404);
    write(found->second + "\n");
  }
  void delete_(int id) {
    if (!tasks->remove(id)) throw web::HTTPError(404);
    set_status(204);
  }
};
// [/handlers]

// [routes]
inline std::vector<web::URLSpec> routes(Tasks& tasks) {
  return {
      web::url<TasksHandler>("/tasks", {.tasks = &tasks}),
      web::url<TaskHandler>("/tasks/([0-9]+)", {.tasks = &tasks}, "task"),
  };
}
// [/routes]

}  // namespace tasks
