// PythonApplication: real Python applications, including Flask's and Django's, behind real sockets.
// All tests of a process share its one interpreter.
#include <tornado/ioloop.h>
#include <tornado/web.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../wsgi/wsgi_test_tools.h"

// CPython keeps some memory until the end of the process: interned names, static types and data of
// C modules, which the system's python3 does not free either. The stack of an allocation by its
// module _hashlib ends in libcrypto. Everything else is still reported.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libpython3\nleak:libcrypto\n";
}

namespace tornado::wsgi {
namespace {

using test::Client;
using test::get;
using test::run_until;

PythonOptions here() {
  PythonOptions options;
  options.path = {TORNADO_PYTHON_APPS};
  return options;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// gateway.py, which implements PEP 3333 and nothing more.
class Python : public HostedTest {
 protected:
  Python() { serve(PythonApplication("gateway", here())); }
  std::string body(std::string_view path) { return body_of(ask_for(path)); }
};

class PythonFrameworks : public HostedTest {};

// ---- the protocol -------------------------------------------------------------------------------

// WG-04
TEST_F(Python, the_environ_is_a_dict_of_strings) {
  const std::string text = body_of(ask("GET /environ/a%20b?x=1 HTTP/1.1\r\nHost: h:81\r\n\r\n"));
  for (const char* const line :
       {"PATH_INFO='/environ/a b'", "QUERY_STRING='x=1'", "REMOTE_ADDR='127.0.0.1'",
        "REQUEST_METHOD='GET'", "SCRIPT_NAME=''", "SERVER_NAME='h'", "SERVER_PORT='81'",
        "SERVER_PROTOCOL='HTTP/1.1'", "HTTP_HOST='h:81'", "wsgi.version=(1, 0)",
        "wsgi.url_scheme='http'", "wsgi.multithread=True", "wsgi.multiprocess=True",
        "wsgi.run_once=False", "wsgi.input_terminated=True"}) {
    EXPECT_TRUE(has(text, line)) << line << " in\n" << text;
  }
}

// WG-04
TEST_F(Python, pythons_validator_finds_no_fault) {
  EXPECT_EQ(dechunked(ask_for("/validated?x=y")), "generator");
  EXPECT_EQ(dechunked(ask(post("/validated", "body", "Content-Type: text/plain\r\n"))),
            "generator");
  EXPECT_EQ(log_.count("AssertionError"), 0U) << log_.text();
}

// WG-04
TEST_F(Python, the_input_is_a_file) {
  EXPECT_EQ(body_of(ask(post("/body", "abcdef\nghi\njklmn"))),
            "BytesIO [3, 4, 9, 0] b'abc' b'jklmn'");
  EXPECT_EQ(body_of(ask(post("/body", ""))), "BytesIO [0, 0, 0, 0] b'' b''");
  std::string longer = "abc\n" + std::string(2'000'000, 'x') + "\nthe end";
  EXPECT_EQ(body_of(ask(post("/body", longer))),
            "BufferedReader [3, 1, 2000008, 0] b'abc' b'e end'");
}

// WG-04
TEST_F(Python, strings_are_bytes_as_latin1) {
  const std::string response =
      ask("GET /latin1/%C3%A9%FF HTTP/1.1\r\nHost: x\r\nX-Name: \xC3\xBC\xFE\r\n\r\n");
  EXPECT_EQ(body_of(response), "b'/latin1/\\xc3\\xa9\\xff' b'\\xc3\\xbc\\xfe'");
  EXPECT_TRUE(has(response, "X-Name: \xE9\r\n"));
}

// WG-04
TEST_F(Python, bodies_of_every_kind) {
  EXPECT_EQ(dechunked(ask_for("/written")), "written and returned");
  EXPECT_EQ(dechunked(ask_for("/iterable")), "one two three");
  EXPECT_EQ(dechunked(ask_for("/generator")), "generator");
  EXPECT_TRUE(has(ask_for("/empty"), "Content-Length: 0\r\n"));
  EXPECT_TRUE(has(ask_for("/count_closed"), "Content-Length: "));
}

// WG-04
TEST_F(Python, a_body_is_closed_however_it_ends) {
  const int before = std::stoi(body("/count_closed"));
  ask_for("/iterable");
  EXPECT_EQ(std::stoi(body("/count_closed")), before + 1);
  ask_for("/broken_in_body");
  EXPECT_EQ(std::stoi(body("/count_closed")), before + 2);
  Client client = connect(4096);
  client.send(get("/endless"));
  client.until("xxxx");
  client.reset();
  while (std::stoi(body("/count_closed")) != before + 3) std::this_thread::yield();
  EXPECT_EQ(log_.count("Uncaught"), 1U) << log_.text();
}

// WG-04
TEST_F(Python, start_response_refuses_what_cannot_be_sent) {
  EXPECT_EQ(body("/bad_start"),
            "ValueError TypeError TypeError UnicodeEncodeError UnicodeEncodeError TypeError "
            "ValueError ValueError ValueError TypeError fine");
  EXPECT_EQ(log_.count("Uncaught"), 0U) << log_.text();
}

// WG-04
TEST_F(Python, exc_info) {
  EXPECT_TRUE(ask_for("/replaced").starts_with("HTTP/1.1 503 Not Now\r\n"));
  const std::string late = ask_for("/too_late");
  EXPECT_TRUE(late.starts_with("HTTP/1.1 200 OK\r\n")) << late;
  EXPECT_FALSE(has(late, "never"));
  EXPECT_EQ(log_.count("ValueError: after the headers"), 1U);
}

TEST_F(Python, what_an_application_keeps_does_no_harm) {
  EXPECT_EQ(body("/keep_write"), "kept");
  EXPECT_EQ(body("/use_kept"), "BrokenPipeError RuntimeError");
}

// ---- errors -------------------------------------------------------------------------------------

// WG-04
TEST_F(Python, an_exception_is_a_500_with_pythons_traceback_in_the_log) {
  const std::string response = ask_for("/broken");
  EXPECT_TRUE(response.starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
  EXPECT_FALSE(has(response, "such"));
  const std::string logged = log_.text();
  EXPECT_TRUE(has(logged, "Uncaught exception GET /broken (127.0.0.1)\n")) << logged;
  EXPECT_TRUE(has(logged, "Traceback (most recent call last):\n")) << logged;
  EXPECT_TRUE(has(logged, ", in broken\n    raise ValueError(\"no <such> thing\")\n")) << logged;
  EXPECT_TRUE(has(logged, "ValueError: no <such> thing")) << logged;
  EXPECT_TRUE(has(logged, "500 GET /broken ")) << logged;
}

// WG-04
TEST_F(Python, errors_after_the_headers_close_the_connection) {
  EXPECT_FALSE(has(ask_for("/broken_in_body"), "0\r\n\r\n"));
  EXPECT_EQ(log_.count("ValueError: in the body"), 1U);
  EXPECT_FALSE(has(ask_for("/broken_in_close"), "0\r\n\r\n"));
  EXPECT_EQ(log_.count("ValueError: in close()"), 1U);
}

TEST_F(Python, neither_an_exit_nor_an_interrupt_ends_the_program) {
  EXPECT_TRUE(ask_for("/exits").starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(log_.count("SystemExit: 3"), 1U);
  EXPECT_TRUE(ask_for("/interrupts").starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(log_.count("KeyboardInterrupt"), 1U);
  EXPECT_EQ(body("/errors"), "written");
}

// WG-04
TEST_F(Python, applications_that_forget_something) {
  for (const char* const path : {"/no_start", "/no_start_iterable"}) {
    EXPECT_TRUE(ask_for(path).starts_with("HTTP/1.1 500 ")) << path;
  }
  EXPECT_EQ(log_.count("the application did not call start_response"), 2U);
  EXPECT_TRUE(ask_for("/text_body").starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(log_.count("TypeError: expected bytes, str found"), 1U);
}

// ---- importing ----------------------------------------------------------------------------------

std::string error_of(const char* name, const PythonOptions& options = here()) {
  try {
    const PythonApplication application(name, options);
    return "none";
  } catch (const std::exception& error) {
    return error.what();
  }
}

TEST_F(Python, an_application_is_named_as_in_other_servers) {
  for (const auto& [name, expected] : std::vector<std::pair<std::string, std::string>>{
           {"gateway:make()", "made"}, {"gateway:Site.application", "site"}}) {
    serve(PythonApplication(name, here()));
    EXPECT_EQ(body("/"), expected);
  }
}

TEST_F(Python, what_cannot_be_imported_says_why) {
  EXPECT_TRUE(has(error_of("no_such_module"), "No module named 'no_such_module'"));
  EXPECT_TRUE(has(error_of("gateway:nothing"), "no attribute 'nothing'"));
  EXPECT_TRUE(has(error_of("gateway:no_application"), "it is not callable: 5"));
  const std::string broken = error_of("broken_module");
  EXPECT_TRUE(has(broken, "cannot import broken_module\nTraceback ")) << broken;
  EXPECT_TRUE(has(broken, "LookupError: this module is broken")) << broken;
  EXPECT_TRUE(has(error_of(""), "cannot import ")) << error_of("");
}

TEST_F(Python, there_is_one_interpreter) {
  PythonOptions other = here();
  other.executable = "/usr/bin/another-python";
  EXPECT_TRUE(has(error_of("gateway", other), "not as /usr/bin/another-python"));
  other.executable = TORNADO_PYTHON;
  EXPECT_EQ(error_of("gateway", other), "none");
}

// ---- threads ------------------------------------------------------------------------------------

TEST_F(Python, a_slow_application_holds_up_neither_handlers_nor_others) {
  struct Native : web::RequestHandler {
    void get() { write("native"); }
  };
  web::Application app({web::url<Native>("/native"), {".*", *container_}});
  auto& server = app.listen(0, "127.0.0.1");
  Client slow(loop_, server.port());
  slow.send(get("/slow"));
  Client fast(loop_, server.port());
  for (std::size_t i = 1; i <= 20; ++i) {
    fast.send(get("/native"));
    fast.until("native", i);
  }
  fast.send(get("/errors"));
  fast.until("written");
  EXPECT_FALSE(has(slow.received, "at last"));
  run_until(loop_, [&, n = 0]() mutable {
    if (n++ == 0) fast.send(get("/release"));
    fast.pump();
    slow.pump();
    return has(slow.received, "at last");
  });
}

TEST_F(Python, what_a_thread_keeps_stays_with_it) {
  WSGIOptions options;
  options.threads = 1;
  serve(PythonApplication("gateway", here()), options);
  EXPECT_EQ(body("/thread"), "1");
  EXPECT_EQ(body("/thread"), "2");
  serve(PythonApplication("gateway", here()), options);
  EXPECT_EQ(body("/thread"), "1");  // another thread
}

TEST_F(Python, many_requests_at_a_time) {
  std::vector<Client> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(connect());
  for (Client& client : clients) {
    for (int i = 0; i < 10; ++i) client.send(get("/generator") + get("/errors"));
  }
  for (Client& client : clients) client.until("written", 10);
  EXPECT_EQ(log_.count("Uncaught"), 0U);
}

TEST_F(Python, an_application_may_be_made_and_freed_on_any_thread) {
  std::thread([] {
    const PythonApplication application("gateway", here());
    Environ env;
    env.variables["PATH_INFO"] = "/errors";
    class Ignore final : public Responder {
     public:
      void start(std::string_view, Headers, std::exception_ptr) override {}
      bool headers_sent() const override { return false; }
      void write(std::string_view) override {}
    };
    StartResponse start_response(std::make_shared<Ignore>());
    EXPECT_EQ(application(env, start_response), Chunks{"written"});
  }).join();
}

// ---- frameworks ---------------------------------------------------------------------------------

constexpr std::string_view kMultipart =
    "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAnn\r\n"
    "--b\r\nContent-Disposition: form-data; name=\"upload\"; filename=\"f\"\r\n\r\n";

std::string multipart(std::size_t size) {
  return std::string(kMultipart) + std::string(size, 'f') + "\r\n--b--\r\n";
}

constexpr std::string_view kUrlencoded = "Content-Type: application/x-www-form-urlencoded\r\n";
constexpr std::string_view kFormData = "Content-Type: multipart/form-data; boundary=b\r\n";

// WG-04
TEST_F(PythonFrameworks, flask) {
  serve(PythonApplication("flask_app:app", here()));
  const std::string hello = ask_for("/");
  EXPECT_TRUE(
      hello.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
                        "Content-Length: 20\r\n"))
      << hello;
  EXPECT_EQ(body_of(hello), "<p>Hello, World!</p>");
  EXPECT_TRUE(has(ask(post("/form", "name=Ann+B", kUrlencoded)), "\"name\":\"Ann B\""));
  EXPECT_TRUE(has(ask(post("/form", multipart(3'000'000), kFormData)), "\"upload\":3000000"));
  EXPECT_EQ(dechunked(ask_for("/stream")), "0\n1\n2\n");
  EXPECT_TRUE(ask_for("/nothing").starts_with("HTTP/1.1 404 NOT FOUND\r\n"));
  EXPECT_TRUE(ask_for("/broken").starts_with("HTTP/1.1 500 INTERNAL SERVER ERROR\r\n"));
  const std::string cookie = ask("GET /cookie HTTP/1.1\r\nHost: a.example:81\r\n\r\n");
  EXPECT_TRUE(has(cookie, "Set-Cookie: one=1; Path=/\r\nSet-Cookie: two=2; Path=/\r\n")) << cookie;
  EXPECT_EQ(body_of(cookie), "http://a.example:81/");
}

// WG-04
TEST_F(PythonFrameworks, flask_below_a_path) {
  WSGIOptions options;
  options.script_name = "/below";
  serve(PythonApplication("flask_app:app", here()), options);
  EXPECT_EQ(body_of(ask_for("/below/")), "<p>Hello, World!</p>");
  EXPECT_TRUE(has(ask_for("/below/cookie"), "http://x/below/"));
}

// WG-04
TEST_F(PythonFrameworks, django) {
  serve(PythonApplication("django_app", here()));
  const std::string hello = ask_for("/");
  EXPECT_TRUE(has(hello, "Content-Length: 17\r\n")) << hello;
  EXPECT_EQ(body_of(hello), "Hello from Django");
  EXPECT_TRUE(has(ask(post("/form", "name=Ann+B", kUrlencoded)), "\"name\": \"Ann B\""));
  EXPECT_TRUE(has(ask(post("/form", multipart(3'000'000), kFormData)), "\"upload\": 3000000"));
  EXPECT_EQ(dechunked(ask_for("/stream")), "0\n1\n2\n");
  EXPECT_TRUE(ask_for("/nothing").starts_with("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_TRUE(ask_for("/broken").starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
}

// WG-04
TEST_F(PythonFrameworks, flask_and_django_in_one_program) {
  WSGIContainer flask(PythonApplication("flask_app:app", here()));
  WSGIContainer django(PythonApplication("django_app:application", here()));
  web::Application app({{"/form", django}, {".*", flask}});
  auto& server = app.listen(0, "127.0.0.1");
  Client client(loop_, server.port());
  client.send(get("/") + post("/form", "name=both", kUrlencoded));
  client.until("\"both\"");
  EXPECT_TRUE(has(client.received, "<p>Hello, World!</p>"));
}

}  // namespace
}  // namespace tornado::wsgi
