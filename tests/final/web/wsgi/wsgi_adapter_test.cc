// WSGIAdapter: an Application called as a gateway calls it, without a server, and inside a
// WSGIContainer.
#include <tornado/gen.h>
#include <tornado/version.h>
#include <tornado/web.h>
#include <tornado/websocket.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "wsgi_test_tools.h"

namespace tornado::wsgi {
namespace {

// Keeps the arguments of start_response.
class Recorder final : public Responder {
 public:
  void start(std::string_view new_status, Headers new_headers,
             std::exception_ptr /*exc_info*/) override {
    status = new_status;
    headers = std::move(new_headers);
  }
  bool headers_sent() const override { return false; }
  void write(std::string_view /*chunk*/) override { ADD_FAILURE() << "it returns its body"; }

  std::string header(std::string_view name) const {
    for (const auto& [field, value] : headers) {
      if (field == name) return value;
    }
    return "none";
  }

  std::string status;
  Headers headers;
};

struct Answer {
  std::shared_ptr<Recorder> head;
  std::string body;
};

Environ environ_of(const char* method, const char* path, std::string body = "") {
  Environ env;
  env.variables = {{"REQUEST_METHOD", method},   {"SCRIPT_NAME", ""},
                   {"PATH_INFO", path},          {"QUERY_STRING", ""},
                   {"REMOTE_ADDR", "192.0.2.1"}, {"SERVER_NAME", "example.com"},
                   {"SERVER_PORT", "8080"},      {"SERVER_PROTOCOL", "HTTP/1.1"}};
  if (!body.empty()) env.variables["CONTENT_LENGTH"] = std::to_string(body.size());
  env.input = Input(std::move(body));
  return env;
}

Answer call(const WSGIAdapter& adapter, const Environ& env) {
  Answer answer{std::make_shared<Recorder>(), ""};
  StartResponse start_response(answer.head);
  for (const std::string& chunk : adapter(env, start_response)) answer.body += chunk;
  return answer;
}
Answer call(web::Application& app, const Environ& env) {
  return call(WSGIAdapter(app), env);
}

// ---- handlers -----------------------------------------------------------------------------------

struct Echo : web::RequestHandler {
  void get() {
    set_cookie("seen", "1");
    set_header("Connection", "close");
    write(request.method + " " + request.full_url() + " " + request.remote_ip + " " +
          request.headers.get("X-Some-Field") + " " + get_argument("q", "none"));
  }
  void post() { write(get_body_argument("name") + "|" + request.body); }
};

struct Awaiting : web::RequestHandler {
  Future<void> get(std::string what) {
    if (what == "ready") {
      for (int i = 0; i < 500; ++i) {
        Future<int> ready;
        ready.set_result(i);
        write(std::to_string(co_await ready) + " ");
      }
      co_await flush();
      write("end");
    } else if (what == "moments") {
      for (int i = 0; i < 10; ++i) co_await gen::moment;
      write("moments");
    } else if (what == "for ever") {
      for (;;) co_await gen::moment;
    } else if (what == "sleep") {
      co_await gen::sleep(10);
    }
  }
};

struct NeverFinished : web::RequestHandler {
  inline static int living = 0;
  inline static int finishes = 0;
  NeverFinished() { ++living; }
  ~NeverFinished() override { --living; }
  web::asynchronous get() { return {}; }
  void on_finish() override { ++finishes; }
};

struct Broken : web::RequestHandler {
  void get() { throw std::runtime_error("broken"); }
};

struct Socket : websocket::WebSocketHandler {
  void on_message(std::string) {}
};

class Adapter : public ::testing::Test {
 protected:
  test::LogLines log_;
  web::Application app_{{web::url<Echo>("/a%20b/echo"), web::url<Echo>("/"),
                         web::url<Awaiting>("/awaiting/(.*)"), web::url<NeverFinished>("/never"),
                         web::url<Broken>("/broken"), web::url<Socket>("/socket")}};
};

// WG-02
TEST_F(Adapter, calls_the_application_with_the_environ) {
  Environ env = environ_of("GET", "/echo");
  env.variables["SCRIPT_NAME"] = "/a b";
  env.variables["QUERY_STRING"] = "q=%41";
  env.variables["HTTP_HOST"] = "www.example.com";
  env.variables["HTTP_X_SOME_FIELD"] = "field";
  env.url_scheme = "https";
  const Answer answer = call(app_, env);
  EXPECT_EQ(answer.body, "GET https://www.example.com/a%20b/echo?q=%41 192.0.2.1 field A");
}

// WG-02
TEST_F(Adapter, start_response_gets_the_status_and_the_headers) {
  const Answer answer = call(app_, environ_of("GET", "/"));
  EXPECT_EQ(answer.head->status, "200 OK");
  EXPECT_EQ(answer.head->header("Content-Type"), "text/html; charset=UTF-8");
  EXPECT_EQ(answer.head->header("Content-Length"), std::to_string(answer.body.size()));
  EXPECT_EQ(answer.head->header("Set-Cookie"), "seen=1; Path=/");
  EXPECT_NE(answer.head->header("Etag"), "none");
  EXPECT_EQ(answer.head->header("Connection"), "none");  // PEP 3333: reserved for the host
  EXPECT_EQ(answer.body.substr(0, 29), "GET http://example.com:8080/ ");
  EXPECT_EQ(log_.count("200 GET / (192.0.2.1) "), 1U);
}

// WG-02
TEST_F(Adapter, forms_errors_and_methods) {
  Environ form = environ_of("POST", "/", "name=Ann&x=y");
  form.variables["CONTENT_TYPE"] = "application/x-www-form-urlencoded";
  EXPECT_EQ(call(app_, form).body, "Ann|name=Ann&x=y");
  EXPECT_EQ(call(app_, environ_of("GET", "/nothing")).head->status, "404 Not Found");
  EXPECT_EQ(call(app_, environ_of("PUT", "/")).head->status, "405 Method Not Allowed");
  EXPECT_EQ(call(app_, environ_of("GET", "/broken")).head->status, "500 Internal Server Error");
  EXPECT_EQ(log_.count("std::runtime_error: broken"), 1U);
}

// WG-02
TEST_F(Adapter, a_head_response_has_no_body) {
  struct Head : web::RequestHandler {
    void head() { write("not sent"); }
  };
  web::Application app({web::url<Head>("/")});
  const Answer answer = call(app, environ_of("HEAD", "/"));
  EXPECT_EQ(answer.head->header("Content-Length"), "8");
  EXPECT_EQ(answer.body, "");
}

// WG-02
TEST_F(Adapter, a_coroutine_may_await_what_is_done) {
  const Answer answer = call(app_, environ_of("GET", "/awaiting/ready"));
  EXPECT_TRUE(answer.body.ends_with("498 499 end")) << answer.body;
  EXPECT_EQ(call(app_, environ_of("GET", "/awaiting/moments")).body, "moments");
}

// WG-02
TEST_F(Adapter, a_handler_that_waits_is_an_error) {
  for (const char* const path : {"/awaiting/sleep", "/awaiting/for ever", "/never"}) {
    try {
      call(app_, environ_of("GET", path));
      ADD_FAILURE() << path;
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "request did not finish synchronously");
    }
  }
  EXPECT_EQ(call(app_, environ_of("GET", "/")).head->status, "200 OK");
}

// WG-02
TEST_F(Adapter, a_handler_that_never_finishes_goes_with_its_call) {
  NeverFinished::finishes = 0;
  for (int i = 1; i <= 3; ++i) {
    EXPECT_THROW(call(app_, environ_of("GET", "/never")), std::runtime_error);
    EXPECT_EQ(NeverFinished::living, 0);
    EXPECT_EQ(NeverFinished::finishes, i);
  }
}

// WG-02
TEST_F(Adapter, handlers_that_wait_for_others_stay) {
  ioloop::IOLoop loop;
  web::Application app({web::url<NeverFinished>("/never")});
  auto& server = app.listen(0, "127.0.0.1");
  test::Client client(loop, server.port());
  client.send(test::get("/never"));
  test::run_until(loop, [] { return NeverFinished::living == 1; });
  for (int i = 0; i < 2; ++i) {
    EXPECT_THROW(call(app, environ_of("GET", "/never")), std::runtime_error);
    EXPECT_EQ(NeverFinished::living, 1);
    loop.run_sync(
        [&] { EXPECT_THROW(call(app, environ_of("GET", "/never")), std::runtime_error); });
    EXPECT_EQ(NeverFinished::living, 1);
  }
}

TEST_F(Adapter, there_are_no_websockets) {
  Environ env = environ_of("GET", "/socket");
  env.variables["HTTP_CONNECTION"] = "Upgrade";
  env.variables["HTTP_UPGRADE"] = "websocket";
  env.variables["HTTP_SEC_WEBSOCKET_KEY"] = "dGhlIHNhbXBsZSBub25jZQ==";
  env.variables["HTTP_SEC_WEBSOCKET_VERSION"] = "13";
  EXPECT_EQ(call(app_, env).head->status, "500 Internal Server Error");
}

TEST_F(Adapter, bodies_have_a_limit) {
  WSGIAdapterOptions options;
  options.max_body_size = 4;
  const WSGIAdapter adapter(app_, options);
  const Answer refused = call(adapter, environ_of("POST", "/", "12345"));
  EXPECT_EQ(refused.head->status, "413 Request Entity Too Large");
  EXPECT_EQ(refused.body, "413 Request Entity Too Large");
  EXPECT_EQ(call(adapter, environ_of("POST", "/", "1234")).head->status, "400 Bad Request");
}

TEST_F(Adapter, anything_but_a_request_is_refused) {
  Environ form = environ_of("POST", "/", "no form");
  form.variables["CONTENT_TYPE"] = "multipart/form-data; boundary=x";
  EXPECT_EQ(call(app_, form).head->status, "400 Bad Request");
  Environ field = environ_of("GET", "/");
  field.variables["HTTP_X"] = "a\r\nY: b";
  EXPECT_EQ(call(app_, field).head->status, "400 Bad Request");
  Environ name = environ_of("GET", "/");
  name.variables["HTTP_A B"] = "c";
  EXPECT_EQ(call(app_, name).head->status, "400 Bad Request");
}

TEST_F(Adapter, requests_of_many_threads_are_answered_one_at_a_time) {
  static std::atomic<int> inside = 0;
  struct Alone : web::RequestHandler {
    void get() {
      const bool alone = ++inside == 1;
      std::this_thread::yield();
      --inside;
      write(alone ? "alone" : "not alone");
    }
  };
  web::Application app({web::url<Alone>("/")});
  const WSGIAdapter adapter(app);
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) good += call(adapter, environ_of("GET", "/")).body == "alone";
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 200);
}

TEST_F(Adapter, it_can_be_called_where_a_loop_runs) {
  ioloop::IOLoop loop;
  const std::string body = loop.run_sync([&] { return call(app_, environ_of("GET", "/")).body; });
  EXPECT_EQ(body.substr(0, 4), "GET ");
}

// ---- there and back -----------------------------------------------------------------------------

using InContainer = HostedTest;

// WG-01 WG-02
TEST_F(InContainer, an_application_in_a_container_answers_as_on_its_own) {
  web::Application app({web::url<Echo>("/"), web::url<Broken>("/broken")});
  serve(WSGIAdapter(app));
  auto& direct = app.listen(0, "127.0.0.1");
  const std::vector<std::string> requests = {
      "GET /?q=1 HTTP/1.1\r\nHost: h:1\r\nX-Some-Field: f\r\n\r\n",
      "GET /broken HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      "Content-Length: 6\r\n\r\nname=x",
  };
  for (const std::string& request : requests) {
    test::Client client(loop_, direct.port());
    client.send(request);
    client.half_close();
    EXPECT_EQ(body_of(ask(request)), body_of(client.until_end()));
  }
}

}  // namespace
}  // namespace tornado::wsgi
