// One application that goes through the web layer: routes, hosts, handlers and settings. The same
// program on Python's Tornado is web_layer.py; tests/clients/test_web_layer.py sends both the same
// requests.

#include <tornado/gen.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/json.h>
#include <tornado/options.h>
#include <tornado/web.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace tornado;

namespace {

// Says which route it is, and what the path gave.
struct SayHandler : web::RequestHandler {
  struct Init {
    std::string name = "say";
  };
  void initialize(const Init& init) { name_ = init.name; }
  void get(const web::PathArgs& args) {
    write(name_);
    for (const auto& arg : args) write("|" + arg.value_or("None"));
  }

 private:
  std::string name_;
};

web::Rule say(const std::string& pattern, std::string name) {
  return web::url<SayHandler>(pattern, {.name = std::move(name)});
}

struct ArchiveHandler : web::RequestHandler {
  void get(std::string year, std::optional<std::string> month) {
    write("year=" + year + "|month=" + month.value_or("None"));
  }
};

// Every verb, each saying its name.
struct VerbsHandler : web::RequestHandler {
  void get() { write("get"); }
  void head() { write("get"); }
  void post() { write("post " + request.body); }
  void put() { write("put " + request.body); }
  void patch() { write("patch " + request.body); }
  void delete_() { write("delete"); }
  void options() { set_status(204); }
};

struct WebDavHandler : web::RequestHandler {
  static constexpr std::array<std::string_view, 2> SUPPORTED_METHODS = {"GET", "PROPFIND"};
  void get() { write("got"); }
  void post() { write("never"); }
  void any_method() { write("found"); }
};

struct SlashHandler : web::RequestHandler {
  void get(web::addslash) { write("slash"); }
  void head(web::addslash) {}
  void post(web::addslash) { write("posted"); }
};

struct NoSlashHandler : web::RequestHandler {
  void get(web::removeslash) { write("no slash"); }
  void head(web::removeslash) {}
  void post(web::removeslash) { write("posted"); }
};

struct ReverseHandler : web::RequestHandler {
  void get(std::string name) {
    if (name == "archive") write(reverse_url("archive", 2026, "a b/c?d"));
    if (name == "inner") write(reverse_url("inner", "x"));
    if (name == "unknown") write(reverse_url("unknown"));
  }
};

struct ArgumentsHandler : web::RequestHandler {
  void get() {
    write("[" + get_argument("a", "none") + "]");
    write("[" + get_argument("a", "none", false) + "]");
    write("[" + get_query_argument("a", "none") + "]");
    write("[" + get_body_argument("a", "none") + "]");
    for (const std::string& value : get_arguments("a")) write("<" + value + ">");
    for (const std::string& value : get_body_arguments("a", false)) write("{" + value + "}");
  }
  void post() { get(); }
};

struct DecodeHandler : web::RequestHandler {
  std::string decode_argument(std::string_view value, std::string_view name) const override {
    return "(" + std::string(name) + ":" + std::string(value) + ")";
  }
  void get(std::string path) { write(path + get_argument("a", "none")); }
};

// One way to answer, chosen by the last part of the path.
struct ResponseHandler : web::RequestHandler {
  Future<void> get(std::string way) {
    if (way == "time") {
      set_header("X-Time", std::chrono::system_clock::from_time_t(1359312200));
    } else if (way == "number") {
      set_header("X-Number", 17);
    } else if (way == "repeated") {
      add_header("X-A", "1");
      add_header("X-A", "2");
      set_header("x-b", "3");
      clear_header("X-B");
    } else if (way == "clear") {
      set_status(404);
      set_header("X-A", "1");
      write("dropped");
      clear();
    } else if (way == "unknown") {
      set_status(499);
    } else if (way == "body-204") {
      set_status(204);
      write("no body");
    } else if (way == "body-304") {
      set_status(304);
      write("no body");
    } else if (way == "flush-204") {
      set_status(204);
      co_await flush();
    } else if (way == "own-length") {
      set_header("Content-Length", "4");
      co_await flush();
      write("four");
    } else if (way == "flush-redirect") {
      write("begun");
      co_await flush();
      redirect("/");
    } else if (way == "flush-error") {
      write("begun");
      co_await flush();
      send_error(503);
    } else if (way == "send-error") {
      set_header("X-Dropped", "1");
      web::ErrorInfo info;
      info.reason = "Out to lunch";
      send_error(503, info);
    } else if (way == "send-304") {
      write("dropped");
      send_error(304);
    } else if (way == "throw-304") {
      throw web::HTTPError(304);
    } else if (way == "finish-write") {
      finish("done");
      write("more");
    } else if (way == "list") {
      write(json{1, 2});
    } else if (way == "setting") {
      require_setting("nothing", "this");
    } else if (way == "no-etag") {
      set_header("Etag", "");
    }
  }
  void post(std::string way) {
    if (way == "body") write("no etag for this");
  }
};

struct EtagHandler : web::RequestHandler {
  std::optional<std::string> compute_etag() const override {
    const std::string tag = get_argument("tag", "");
    if (tag.empty()) return std::nullopt;
    return tag;
  }
  void get() { write("page"); }
  void head() { get(); }
};

struct OwnErrorHandler : web::RequestHandler {
  void set_default_headers() override { set_header("X-Default", "1"); }
  void write_error(int status_code, const web::ErrorInfo& info) override {
    const std::string what = info.exception == nullptr ? "none" : "some";
    finish("own page " + std::to_string(status_code) + " " + what);
  }
  void get(std::string way) {
    if (way == "throw") throw std::runtime_error("secret");
    if (way == "http") throw web::HTTPError(409, "secret");
    send_error(410);
  }
};

// Fails, answers or waits before its verb.
struct EarlyHandler : web::RequestHandler {
  struct Init {
    bool fails = false;
  };
  void initialize(const Init& init) {
    if (init.fails) throw std::runtime_error("no object");
  }
  Future<void> prepare() {
    co_await gen::moment;
    const std::string way = get_argument("way", "");
    if (way == "http") throw web::HTTPError(401);
    if (way == "throw") throw std::runtime_error("secret");
    if (way == "finish") finish("prepared");
    if (way == "redirect") redirect("/login", false);
    if (way == "Finish") throw web::Finish("enough");
  }
  void get() { write("verb"); }
};

struct LongHandler : web::RequestHandler {
  Future<void> get() {
    set_header("Content-Type", get_argument("type", "text/html"));
    if (const std::string vary = get_argument("vary", ""); !vary.empty()) set_header("Vary", vary);
    if (const std::string coding = get_argument("coding", ""); !coding.empty()) {
      set_header("Content-Encoding", coding);
    }
    write(std::string(std::stoul(get_argument("n", "2000")), 'x'));
    if (get_argument("flush", "") == "1") {
      co_await flush();
      write("end");
    }
  }
  Future<void> head() { return get(); }
};

struct ClientHandler : web::RequestHandler {
  void get() { write(request.protocol + " " + request.remote_ip); }
};

struct LostHandler : web::RequestHandler {
  void prepare() {
    set_status(404);
    finish("lost " + request.path);
  }
};

// Answers without a handler.
void by_hand(const httputil::HTTPServerRequest& request) {
  const std::string text = request.method + " " + request.uri + " " + request.body;
  request.connection->write_headers(
      {"HTTP/1.1", 200, "OK"}, {{"X-By", "hand"}, {"Content-Length", std::to_string(text.size())}},
      text);
  request.connection->finish();
}

std::vector<web::Rule> redirects() {
  using web::RedirectHandler;
  return {
      web::url<RedirectHandler>("/to/fixed", {.url = "http://example.com/app"}),
      web::url<RedirectHandler>("/to/temporary", {.url = "/next", .permanent = false}),
      web::url<RedirectHandler>("/to/pictures/(.*)", {.url = "/photos/{0}"}),
      web::url<RedirectHandler>("/to/swap/([^/]+)/([^/]+)", {.url = "/{1}/{0}/{{x}}"}),
      web::url<RedirectHandler>("/to/(?P<year>[0-9]+)/(?P<name>[^/]+)",
                                {.url = "/{name}?y={year}"}),
      web::url<RedirectHandler>("/to/missing/(.*)", {.url = "/{1}"}),
      web::url<RedirectHandler>("/to/backslash/(.*)", {.url = "/photos/\\1"}),
      web::url<RedirectHandler>("/to/open(/.*)", {.url = "{0}"}),
  };
}

std::vector<web::Rule> routes(web::Application& inner) {
  std::vector<web::Rule> rules = {
      say("/", "root"),
      say("/first/([0-9]+)", "number"),
      say("/first/1", "never"),
      say("/first/(a|b)", "expression"),
      say("/first/([a-z]+)", "letters"),
      say("/optional(/x)?", "optional"),
      web::url<ArchiveHandler>("/archive/(?P<year>[0-9]+)(?:/(?P<month>[^/]+))?"),
      web::url<ArchiveHandler>("/reversed/([0-9]+)/(.*)", "archive"),
      web::url<VerbsHandler>("/verbs"),
      web::url<WebDavHandler>("/dav"),
      web::url<SlashHandler>("/slash/?"),
      web::url<NoSlashHandler>("/noslash/*"),
      web::url<ReverseHandler>("/reverse/(.*)"),
      web::url<ArgumentsHandler>("/arguments"),
      web::url<DecodeHandler>("/decode/(.*)"),
      web::url<ResponseHandler>("/response/(.*)"),
      web::url<EtagHandler>("/etag"),
      web::url<OwnErrorHandler>("/own_error/(.*)"),
      web::url<EarlyHandler>("/early"),
      web::url<EarlyHandler>("/too_early", {.fails = true}),
      web::url<LongHandler>("/long"),
      web::url<ClientHandler>("/client"),
      web::url<web::ErrorHandler>("/gone", {.status_code = 410}),
      web::url<web::FallbackHandler>("/fallback/.*", {.fallback = by_hand}),
      web::Rule("/function", by_hand),
      web::Rule("/list/.*", {say("/list/a", "list a"), say("/list/([0-9]+)", "list number")}),
      web::Rule("/inner/.*", inner),
      say("/list/b", "behind the list"),
  };
  for (web::Rule& rule : redirects()) rules.push_back(std::move(rule));
  return rules;
}

}  // namespace

int main(int argc, char** argv) {
  options::define<bool>("xheaders", false);
  options::define<std::string>("trusted_downstream", "");
  options::define<bool>("compress_response", false);
  options::define<bool>("serve_traceback", false);
  options::define<bool>("default_handler", false);
  options::define<std::string>("default_host", "");
  options::parse_command_line(argc, argv);
  web::Settings settings;
  settings.compress_response = options::get<bool>("compress_response");
  settings.serve_traceback = options::get<bool>("serve_traceback");
  settings.default_host = options::get<std::string>("default_host");
  if (options::get<bool>("default_handler")) {
    settings.default_handler_class = web::handler<LostHandler>();
  }
  web::Application inner({web::url<SayHandler>("/inner/(x.*)", {.name = "inner"}, "inner")});
  web::Application app(routes(inner), settings);
  app.add_handlers("a\\.example", {say("/", "host a"), say("/only", "host a only")});
  app.add_handlers("(.*)\\.example", {say("/", "host example"), say("/list/a", "host list")});

  httpserver::HTTPServerOptions chosen;
  chosen.xheaders = options::get<bool>("xheaders");
  const std::string trusted = options::get<std::string>("trusted_downstream");
  if (!trusted.empty()) chosen.trusted_downstream = {trusted};
  std::printf("listening on http://127.0.0.1:%d\n", app.listen(0, "127.0.0.1", chosen).port());
  std::fflush(stdout);
  auto& loop = ioloop::IOLoop::current();
  loop.add_signal_handler(SIGTERM, [&loop](int) { loop.stop(); });
  loop.start();
}
