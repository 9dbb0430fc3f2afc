#include "handlers.h"

#include <tornado/ioloop.h>
#include <tornado/static_file_handler.h>
#include <tornado/template.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "catalogue.h"
#include "quiz.h"
#include "spine.h"
#include "view.h"

using namespace std::chrono_literals;
using namespace tornado;
using ioloop::IOLoop;

namespace course {
namespace {

// Where Debian's libjs-d3 is, which makes the plots interactive. Without it they are plain
// drawings.
constexpr const char* kD3 = "/usr/share/javascript/d3";

// Everything comes from this server, and no script runs but the site's own.
constexpr const char* kPolicy =
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' "
    "data:; "
    "base-uri "
    "'none'; "
    "form-action 'self'; frame-ancestors 'none'";

void set_page_headers(web::RequestHandler& handler) {
  handler.set_header("Content-Security-Policy", kPolicy);
  handler.set_header("X-Content-Type-Options", "nosniff");
}

void show_error(web::RequestHandler& handler, int status_code) {
  handler.render("error.html",
                 {{"status", status_code}, {"reason", httputil::responses(status_code)}});
}

// Returns the value that a template finds under a name: null if there is none.
template <class T>
template_::Value value_of(const std::optional<T>& given) {
  return given ? template_::Value(*given) : template_::Value(nullptr);
}

// Returns what base.html needs for the page at `url`.
template_::Namespace page_names(const Course& course, const std::string& url) {
  const Place place = place_of(course, url);
  return {{"chapters", course.chapters},   {"solved", course.solved},
          {"exercises", course.exercises}, {"here", url},
          {"number", place.chapter},       {"previous", value_of(place.previous)},
          {"next", value_of(place.next)},  {"headings", std::vector<Heading>()}};
}

// [base]
// The base of every page. Files are read in the loop's pool of threads: a disk may be slow, and the
// loop has others to serve.
struct PageHandler : web::RequestHandler {
  struct Init {
    const Repository* repository;
  };
  void initialize(const Init& init) { repository = init.repository; }

  void set_default_headers() override { set_page_headers(*this); }

  void write_error(int status_code, const web::ErrorInfo&) override {
    show_error(*this, status_code);
  }

  // Renders a template with its own names and those of base.html.
  void show(const std::string& name, const Course& course, const std::string& url,
            const template_::Namespace& own) {
    template_::Namespace names = page_names(course, url);
    names.update(own);
    render(name, names);
  }

  const Repository* repository = nullptr;
};
// [/base]

struct MapHandler : PageHandler {
  Future<void> get() {
    xsrf_token();  // sets the cookie whose text the page's script sends to block the loop
    Future<Course> reading = IOLoop::current().run_in_executor(nullptr, &read_course, *repository);
    const Course course = co_await reading;
    show("map.html", course, "/",
         {{"next_step", value_of(next_step(course))},
          {"pages", course.pages},
          {"final_exercises", course.final_exercises}});
  }
  Future<void> head() { return get(); }
};

// [view]
// A lesson, a task, a source file or a folder: URLs are the paths of the repository, so links in
// its pages lead to the same places as in the repository.
struct ViewHandler : PageHandler {
  Future<void> get(std::string path) {
    Future<View> reading =
        IOLoop::current().run_in_executor(nullptr, &make_view, *repository, path);
    const View view = co_await reading;
    if (!view.redirect.empty()) {
      redirect(view.redirect);
      co_return;
    }
    show(view.kind + ".html", view.course, "/" + path,
         {{"title", view.title},
          {"html", view.html},
          {"note", view.note},
          {"path", path},
          {"crumbs", view.crumbs},
          {"headings", view.headings},
          {"names", view.names},
          {"chapter", value_of(view.chapter)},
          {"exercise", value_of(view.exercise)},
          {"lesson", view.lesson}});
  }
  Future<void> head(std::string path) { return get(std::move(path)); }
};
// [/view]

// Drawings and plots, as files.
class DrawingHandler : public web::StaticFileHandler {
 public:
  using Init = PageHandler::Init;
  void initialize(const Init& init) {
    repository_ = init.repository;
    web::StaticFileHandler::initialize({.path = repository_->root().string()});
  }

  void set_default_headers() override { set_page_headers(*this); }

  void write_error(int status_code, const web::ErrorInfo&) override {
    show_error(*this, status_code);
  }

 protected:
  std::string parse_url_path(std::string url_path) override {
    if (!repository_->find(url_path)) throw web::HTTPError(404);
    return url_path;
  }

 private:
  const Repository* repository_ = nullptr;
};

struct QuizHandler : PageHandler {
  Future<void> get(std::string number) {
    Future<Course> course_read =
        IOLoop::current().run_in_executor(nullptr, &read_course, *repository);
    const Course course = co_await course_read;
    for (const Chapter& chapter : course.chapters) {
      if (chapter.number != number || !chapter.quiz) continue;
      auto quiz_read =
          IOLoop::current().run_in_executor(nullptr, &read_quiz, *repository, chapter.folder);
      const auto questions = co_await quiz_read;
      if (!questions) break;  // it has just been removed
      show("quiz.html", course, "/quiz/" + number,
           {{"chapter", chapter}, {"questions", *questions}});
      co_return;
    }
    throw web::HTTPError(404);
  }
  Future<void> head(std::string number) { return get(std::move(number)); }
};

// A deck is one file that contains its style, script and pictures, and says itself which of them a
// browser may use.
struct DeckHandler : PageHandler {
  Future<void> get(std::string folder) {
    auto reading = IOLoop::current().run_in_executor(nullptr, &read_deck, *repository, folder);
    const auto deck = co_await reading;
    if (!deck) throw web::HTTPError(404);
    set_header("Content-Security-Policy", "frame-ancestors 'none'");
    write(*deck);
  }
  Future<void> head(std::string folder) { return get(std::move(folder)); }
};

// The start page of the reference. Its other pages are static files.
struct ReferenceHandler : PageHandler {
  Future<void> get() {
    auto file_read = IOLoop::current().run_in_executor(nullptr, &read_file,
                                                       reference_path(*repository) / "index.html");
    const auto page = co_await file_read;
    if (page) {
      set_header("Content-Security-Policy", "frame-ancestors 'none'");
      write(*page);
      co_return;
    }
    auto course_read = IOLoop::current().run_in_executor(nullptr, &read_course, *repository);
    const Course course = co_await course_read;
    show("reference.html", course, "/reference/", {});
  }
  Future<void> head() { return get(); }
};

struct SearchHandler : PageHandler {
  struct Init {
    Sources sources;
  };
  void initialize(const Init& init) {
    repository = init.sources.repository;
    index = init.sources.search;
  }

  Future<void> get() {
    const std::string query = get_query_argument("q", "");
    Future<Course> course_read =
        IOLoop::current().run_in_executor(nullptr, &read_course, *repository);
    const Course course = co_await course_read;
    Future<std::vector<Hit>> searching =
        IOLoop::current().run_in_executor(nullptr, &search, index, query);
    const std::vector<Hit> hits = co_await searching;
    show("search.html", course, "/search", {{"query", query}, {"hits", hits}});
  }
  Future<void> head() { return get(); }

  static std::vector<Hit> search(const SearchIndex* index, const std::string& query) {
    return index->find(query);
  }

  const SearchIndex* index = nullptr;
};

// [live]
// Reports on one exercise, as they come, for as long as its page is open.
class LiveHandler : public web::RequestHandler {
 public:
  struct Init {
    LiveResults* results;
  };
  void initialize(const Init& init) { results_ = init.results; }

  Future<void> get(std::string exercise) {
    set_header("Content-Type", "text/event-stream");
    set_header("Cache-Control", "no-store");
    set_header("X-Content-Type-Options", "nosniff");
    while (true) {
      const std::uint64_t sent = results_->version;
      write(web::server_sent_event(results_->read(exercise).value_or("null")));
      co_await flush();
      while (results_->version == sent) {
        wait_ = results_->changed.wait(15s);
        const bool changed = co_await wait_;
        if (changed) continue;
        write(":\n\n");  // a comment: reveals a client that vanished without closing
        co_await flush();
      }
    }
  }

  void on_connection_close() override { wait_.cancel(); }
  void on_shutdown() override { wait_.cancel(); }

 private:
  LiveResults* results_ = nullptr;
  Future<bool> wait_;
};
// [/live]

struct HelloHandler : web::RequestHandler {
  void get() {
    set_header("X-Content-Type-Options", "nosniff");
    write("Hello, world");
  }
  void head() { get(); }
};

}  // namespace

std::vector<web::URLSpec> routes(const Sources& sources) {
  const Repository* const repository = sources.repository;
  const PageHandler::Init init{.repository = repository};
  const web::StaticFileHandler::Init reference{.path = reference_path(*repository).string()};
  return {
      web::url<MapHandler>("/", init),
      web::url<web::RedirectHandler>("/chat", {.url = "/chat/", .permanent = false}),
      web::url<HelloHandler>("/hello"),
      web::url<SearchHandler>("/search", {.sources = sources}),
      web::url<LiveHandler>("/live/([0-9F]+-[0-9]+|map)", {.results = sources.live}),
      web::url<QuizHandler>("/quiz/([0-9]+)", init),
      web::url<DeckHandler>("/deck/([a-z0-9-]+)", init),
      web::url<web::RedirectHandler>("/reference", {.url = "/reference/"}),
      web::url<ReferenceHandler>("/reference/", init),
      web::url<web::StaticFileHandler>("/reference/(.+)", reference),
      web::url<web::StaticFileHandler>("/javascript/(d3\\.min\\.js)", {.path = kD3}),
      web::url<DrawingHandler>("/(.+\\.(?:svg|png))", init),
      web::url<ViewHandler>("/(.+)", init),
  };
}

}  // namespace course
