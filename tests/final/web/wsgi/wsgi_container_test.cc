// WSGIContainer over real sockets, with applications in C++; those in Python are in
// wsgi_python_test.
#include <tornado/iostream.h>
#include <tornado/version.h>
#include <tornado/web.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <thread>
#include <vector>

#include "wsgi_test_tools.h"

namespace tornado::wsgi {
namespace {

using test::Client;
using test::get;
using test::run_until;
using ::testing::Test;

using WSGI = HostedTest;

Chunks hello(const Environ& /*env*/, StartResponse& start_response) {
  start_response("200 OK", {{"Content-Type", "text/plain"}});
  return {"Hello", ", ", "world"};
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// ---- the response -------------------------------------------------------------------------------

// WG-01
TEST_F(WSGI, adds_what_is_missing_to_a_response) {
  serve(hello);
  const std::string response = ask_for("/");
  const std::string expected_start =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n"
      "Server: TornadoServer/" +
      std::string(kVersion) + "\r\nDate: ";
  EXPECT_EQ(response.substr(0, expected_start.size()), expected_start);
  EXPECT_FALSE(has(response, "Etag"));
  EXPECT_EQ(body_of(response), "Hello, world");
  EXPECT_EQ(log_.count("200 GET / (127.0.0.1) "), 1U);
}

// WG-01
TEST_F(WSGI, leaves_alone_what_the_application_has_set) {
  serve([](const Environ&, StartResponse& start_response) -> Chunks {
    start_response("201 Just Made", {{"content-length", "2"},
                                     {"server", "mine"},
                                     {"date", "today"},
                                     {"Set-Cookie", "a=1"},
                                     {"Set-Cookie", "b=2"}});
    return {"ok"};
  });
  const std::string response = ask_for("/");
  EXPECT_TRUE(response.starts_with(
      "HTTP/1.1 201 Just Made\r\nContent-Length: 2\r\nServer: mine\r\nDate: today\r\n"
      "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Type: text/html; charset=UTF-8\r\n"))
      << response;
  EXPECT_EQ(body_of(response), "ok");
}

// RFC 9110 8.6 and 15.3.5, 15.4.5: no length for a response that cannot have a body.
// WG-01
TEST_F(WSGI, responses_without_a_body) {
  serve([](const Environ& env, StartResponse& start_response) -> Chunks {
    if (env["PATH_INFO"] == "/204") {
      start_response("204 No Content", {{"Content-Length", "0"}});
    } else if (env["PATH_INFO"] == "/304") {
      start_response("304 Not Modified", {});
    } else if (env["PATH_INFO"] == "/empty") {
      start_response("200 OK", {});
    }
    return {};
  });
  for (const char* const path : {"/204", "/304"}) {
    const std::string response = ask_for(path);
    EXPECT_FALSE(has(response, "Content-Length")) << response;
    EXPECT_FALSE(has(response, "Content-Type")) << response;
  }
  EXPECT_TRUE(has(ask_for("/empty"), "Content-Length: 0\r\n"));
  const std::string head = ask("HEAD /empty HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_FALSE(has(head, "Content-Length")) << head;
}

// WG-01
TEST_F(WSGI, the_body_of_a_head_response_is_counted_and_not_sent) {
  serve(hello);
  const std::string response = ask("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(has(response, "Content-Length: 12\r\n"));
  EXPECT_EQ(body_of(response), "");
}

// WG-01
TEST_F(WSGI, requests_of_one_connection_are_answered_in_order) {
  serve([](const Environ& env, StartResponse& start_response) -> Chunks {
    start_response("200 OK", {});
    return {"[" + std::string(env["PATH_INFO"]) + "]"};
  });
  Client client = connect();
  client.send(get("/1") + get("/2") + get("/3"));
  client.until("[/3]");
  EXPECT_LT(client.received.find("[/1]"), client.received.find("[/2]"));
}

// ---- the environ --------------------------------------------------------------------------------

std::string dump(const Environ& env) {
  std::string text;
  for (const auto& [name, value] : env.variables) text += name + "=" + value + "\n";
  text += "wsgi.url_scheme=" + env.url_scheme + "\n";
  text += "wsgi.multithread=" + std::to_string(env.multithread) +
          " wsgi.multiprocess=" + std::to_string(env.multiprocess) +
          " wsgi.run_once=" + std::to_string(env.run_once) + "\n";
  return text + "wsgi.input=" + env.input.read();
}

Chunks dump_app(const Environ& env, StartResponse& start_response) {
  start_response("200 OK", {});
  return {dump(env)};
}

// WG-01
TEST_F(WSGI, the_environ_is_tornados) {
  serve(dump_app);
  const std::string response =
      ask("POST /a%20b%2Fc/%FF+d?x=%41&y HTTP/1.1\r\nHost: example.com:8080\r\n"
          "Content-Type: text/x\r\nContent-Length: 5\r\nAccept-Language: de\r\nX-Two: 1\r\n"
          "x-two: 2\r\nCookie: a=1\r\nCookie: b=2\r\nX_Forwarded_For: forged\r\n\r\nhello");
  EXPECT_EQ(body_of(response),
            "CONTENT_LENGTH=5\nCONTENT_TYPE=text/x\nHTTP_ACCEPT_LANGUAGE=de\n"
            "HTTP_CONNECTION=close\nHTTP_COOKIE=a=1; b=2\nHTTP_HOST=example.com:8080\n"
            "HTTP_X_TWO=1,2\nPATH_INFO=/a b/c/\xFF+d\nQUERY_STRING=x=%41&y\n"
            "REMOTE_ADDR=127.0.0.1\nREQUEST_METHOD=POST\nSCRIPT_NAME=\nSERVER_NAME=example.com\n"
            "SERVER_PORT=8080\nSERVER_PROTOCOL=HTTP/1.1\nwsgi.url_scheme=http\n"
            "wsgi.multithread=1 wsgi.multiprocess=1 wsgi.run_once=0\nwsgi.input=hello");
}

// PEP 3333, "environ Variables": an application that reads false may do without locks.
// WG-01
TEST_F(WSGI, multithread_is_false_where_one_thread_runs_the_application) {
  const auto multithread = [this](const WSGIOptions& options) {
    serve(dump_app, options);
    const bool is_true = has(ask_for("/"), "wsgi.multithread=1");
    stop();
    return is_true;
  };
  WSGIOptions options;
  EXPECT_TRUE(multithread(options));
  options.threads = 1;
  EXPECT_FALSE(multithread(options));
  concurrent::ThreadPoolExecutor pool(2);
  options.executor = &pool;
  EXPECT_TRUE(multithread(options));
  options.executor = &concurrent::dummy_executor;
  EXPECT_FALSE(multithread(options));
}

// WG-01
TEST_F(WSGI, the_port_is_the_protocols_where_the_host_has_none) {
  const auto port_of = [](const char* host, const char* protocol) {
    httputil::HTTPServerRequest request(httputil::RequestStartLine("GET", "/"), {{"Host", host}});
    request.protocol = protocol;
    const Environ env = WSGIContainer::environ(request, Input());
    return std::string(env["SERVER_NAME"]) + " " + std::string(env["SERVER_PORT"]) + " " +
           env.url_scheme;
  };
  EXPECT_EQ(port_of("a", "http"), "a 80 http");
  EXPECT_EQ(port_of("a", "https"), "a 443 https");
  EXPECT_EQ(port_of("[::1]:8888", "http"), "[::1] 8888 http");
}

// WG-01
TEST_F(WSGI, a_chunked_body_has_a_length_for_the_application) {
  serve(dump_app);
  const std::string response =
      ask("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
          "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_TRUE(has(response, "CONTENT_LENGTH=5\n"));
  EXPECT_TRUE(has(response, "wsgi.input=abcde"));
  EXPECT_FALSE(has(response, "TRANSFER_ENCODING")) << response;
}

// WG-01
TEST_F(WSGI, script_name_is_taken_off_the_path) {
  WSGIOptions options;
  options.script_name = "/blog";
  serve(dump_app, options);
  EXPECT_TRUE(has(ask_for("/blog/entry/1"), "PATH_INFO=/entry/1\n"));
  EXPECT_TRUE(has(ask_for("/blog"), "PATH_INFO=\n"));
  EXPECT_TRUE(has(ask_for("/blog"), "SCRIPT_NAME=/blog\n"));
  EXPECT_TRUE(has(ask_for("/blogger"), "PATH_INFO=/blogger\n"));
  EXPECT_TRUE(has(ask_for("/blogger"), "SCRIPT_NAME=\n"));
}

// ---- the body of the request --------------------------------------------------------------------

TEST_F(WSGI, bodies_in_memory_count_for_the_servers_limit) {
  httpserver::HTTPServerOptions options;
  options.max_buffered_total = 1000;
  serve(dump_app, {}, options);
  Client slow = connect();
  slow.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n" + std::string(800, 'x'));
  run_until(loop_, [n = 0]() mutable { return ++n > 5; });
  const std::string response = ask(post("/", std::string(800, 'y')));
  EXPECT_TRUE(response.starts_with("HTTP/1.1 200 ")) << response;
  EXPECT_TRUE(slow.until_end().starts_with("HTTP/1.1 503 ")) << slow.received;
}

TEST_F(WSGI, a_long_body_goes_to_disk) {
  WSGIOptions options;
  options.max_buffer_size = 1000;
  serve(
      [](const Environ& env, StartResponse& start_response) -> Chunks {
        start_response("200 OK", {});
        const bool on_disk = env.input.fileno() >= 0;
        const std::string first = env.input.read(3);
        return {on_disk ? "disk " : "memory ",
                std::to_string(env.input.size()),
                " ",
                first,
                "|",
                env.input.read(),
                "|",
                env.input.read()};
      },
      options);
  const std::string fits(1000, 'a');
  EXPECT_EQ(body_of(ask(post("/", fits))), "memory 1000 aaa|" + fits.substr(3) + "|");
  std::string longer(300'000, 'b');
  longer += "the end";
  EXPECT_EQ(body_of(ask(post("/", longer))), "disk 300007 bbb|" + longer.substr(3) + "|");
}

TEST_F(WSGI, a_disk_that_fails_ends_the_request_and_not_the_server) {
  WSGIOptions options;
  options.max_buffer_size = 10;
  options.directory = "/nowhere";
  serve(dump_app, options);
  EXPECT_EQ(ask(post("/", std::string(100, 'x'))), "");
  EXPECT_EQ(log_.count("/nowhere"), 1U);
  EXPECT_TRUE(has(ask(post("/", "short")), "wsgi.input=short"));
}

// ---- streaming ----------------------------------------------------------------------------------

TEST_F(WSGI, what_is_written_leaves_at_once) {
  Event read;
  serve([&](const Environ&, StartResponse& start_response) -> Chunks {
    const Write write = start_response("200 OK", {});
    EXPECT_FALSE(start_response.headers_sent());
    write("");
    EXPECT_FALSE(start_response.headers_sent());
    write("first");
    EXPECT_TRUE(start_response.headers_sent());
    EXPECT_TRUE(read.wait());
    return {"sec", "ond"};
  });
  Client client = connect();
  client.send(get());
  client.until("first");
  EXPECT_TRUE(has(client.received, "Transfer-Encoding: chunked\r\n"));
  read.set();
  client.until("0\r\n\r\n");
  EXPECT_TRUE(has(client.received, "5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n")) << client.received;
}

TEST_F(WSGI, an_application_waits_for_its_reader) {
  std::atomic<std::size_t> written = 0;
  Event over;
  serve([&](const Environ&, StartResponse& start_response) -> Chunks {
    const Write write = start_response("200 OK", {});
    try {
      for (;;) {
        write(std::string(10'000, 'x'));
        written += 10'000;
      }
    } catch (const iostream::StreamClosedError&) {
      over.set();
      throw;
    }
  });
  Client client = connect(4096);
  client.send(get());
  std::size_t before = 0;
  int same = 0;
  run_until(loop_, [&] {  // until nothing moves any more
    const std::size_t now = written;
    same = now == before && now > 0 ? same + 1 : 0;
    before = now;
    return same > 100;
  });
  EXPECT_LT(before, 16'000'000U);  // the capacity of the kernel's buffers
  std::size_t got = 0;
  run_until(loop_, [&] {
    client.pump(100'000);
    got += client.take().size();
    return got > before + 1'000'000;
  });
  client.close();
  run_until(loop_, [&] { return over.is_set(); });
  Client other = connect();
  other.send("GET / HTTP/1.0\r\n\r\n");
  other.until("xxx");
  stop();
  EXPECT_EQ(log_.count("Uncaught"), 0U) << log_.text();
}

TEST_F(WSGI, a_write_that_is_kept_fails_once_the_application_has_returned) {
  std::optional<Write> kept;
  serve([&](const Environ&, StartResponse& start_response) -> Chunks {
    kept = start_response("200 OK", {});
    return {"done"};
  });
  EXPECT_EQ(body_of(ask_for("/")), "done");
  EXPECT_THROW((*kept)("more"), iostream::StreamClosedError);
  stop();
  EXPECT_THROW((*kept)("more"), iostream::StreamClosedError);
}

// ---- errors -------------------------------------------------------------------------------------

// WG-01
TEST_F(WSGI, an_exception_is_logged_and_answered_with_a_500) {
  serve([](const Environ& env, StartResponse& start_response) -> Chunks {
    if (env["PATH_INFO"] == "/ok") return hello(env, start_response);
    if (env["PATH_INFO"] == "/started") start_response("200 OK", {});
    throw std::runtime_error("broken <application>");
  });
  for (const char* const path : {"/", "/started"}) {
    const std::string response = ask_for(path);
    EXPECT_TRUE(response.starts_with("HTTP/1.1 500 Internal Server Error\r\n")) << response;
    EXPECT_EQ(body_of(response),
              "<html><title>500: Internal Server Error</title><body>500: Internal Server "
              "Error</body></html>");
  }
  EXPECT_EQ(log_.count("Uncaught exception GET / (127.0.0.1)\nstd::runtime_error: broken"), 1U);
  EXPECT_EQ(log_.count("500 GET /started (127.0.0.1) "), 1U);
  EXPECT_EQ(body_of(ask_for("/ok")), "Hello, world");
}

TEST_F(WSGI, an_exception_in_the_middle_of_the_body_closes_the_connection) {
  Event read;
  serve([&](const Environ&, StartResponse& start_response) -> Chunks {
    start_response("200 OK", {})("part");
    EXPECT_TRUE(read.wait());
    throw std::runtime_error("broken");
  });
  Client client = connect();
  client.send(get());
  client.until("part");
  read.set();
  EXPECT_FALSE(has(client.until_end(), "0\r\n\r\n"));
  EXPECT_EQ(log_.count("std::runtime_error: broken"), 1U);
}

// WG-01
TEST_F(WSGI, start_response_must_be_called) {
  serve([](const Environ&, StartResponse&) -> Chunks { return {"body"}; });
  EXPECT_TRUE(ask_for("/").starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(log_.count("the application did not call start_response"), 1U);
}

TEST_F(WSGI, a_second_start_response_needs_an_exception) {
  serve([](const Environ& env, StartResponse& start_response) -> Chunks {
    const auto error = std::make_exception_ptr(std::runtime_error("first"));
    const Write write = start_response("200 OK", {{"X-First", "1"}});
    if (env["PATH_INFO"] == "/twice") start_response("200 OK", {});
    if (env["PATH_INFO"] == "/sent") write("sent");
    start_response("503 Not Now", {{"X-Second", "2"}}, error);
    return {"sorry"};
  });
  const std::string replaced = ask_for("/");
  EXPECT_TRUE(replaced.starts_with("HTTP/1.1 503 Not Now\r\n"));
  EXPECT_FALSE(has(replaced, "X-First"));
  EXPECT_TRUE(ask_for("/twice").starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(log_.count("start_response was called twice"), 1U);
  ask_for("/sent");
  EXPECT_EQ(log_.count("std::runtime_error: first"), 1U);
}

TEST_F(WSGI, what_cannot_be_sent_is_an_error_of_the_application) {
  struct Case {
    std::string status;
    Headers headers;
  };
  const std::vector<Case> cases = {
      {"200", {}},
      {"OK", {}},
      {"100 Continue", {}},
      {"2000 OK", {}},
      {"200 O\r\nX: y", {}},
      {"200 OK", {{"A B", "c"}}},
      {"200 OK", {{"A", "b\r\nC: d"}}},
      {"200 OK", {{"connection", "close"}}},
      {"200 OK", {{"Transfer-Encoding", "chunked"}}},
      {"200 OK", {{"Content-Length", "4"}, {"Content-Length", "5"}}},
      {"200 OK", {{"Content-Length", "-1"}}},
  };
  std::size_t at = 0;
  serve([&](const Environ&, StartResponse& start_response) -> Chunks {
    EXPECT_THROW(start_response(cases[at].status, cases[at].headers), std::invalid_argument)
        << cases[at].status;
    start_response("200 Fine", {});
    return {};
  });
  for (; at < cases.size(); ++at) EXPECT_TRUE(ask_for("/").starts_with("HTTP/1.1 200 Fine\r\n"));
}

TEST_F(WSGI, a_body_of_another_length_than_promised_closes_the_connection) {
  serve([](const Environ& env, StartResponse& start_response) -> Chunks {
    start_response("200 OK", {{"Content-Length", "5"}});
    return {env["PATH_INFO"] == "/long" ? "too long" : "few"};
  });
  EXPECT_EQ(ask_for("/long"), "");
  EXPECT_EQ(body_of(ask_for("/short")), "few");
  EXPECT_EQ(log_.count("Cannot send the response to GET /"), 2U);
}

// ---- threads ------------------------------------------------------------------------------------

TEST_F(WSGI, a_slow_application_does_not_hold_up_handlers) {
  struct Native : web::RequestHandler {
    void get() { write("native"); }
  };
  Event release;
  WSGIContainer container([&](const Environ& env, StartResponse& start_response) -> Chunks {
    EXPECT_TRUE(release.wait());
    return hello(env, start_response);
  });
  web::Application app({web::url<Native>("/native"), {".*", container}});
  auto& server = app.listen(0, "127.0.0.1");
  Client slow(loop_, server.port());
  slow.send(get("/slow"));
  Client fast(loop_, server.port());
  for (std::size_t i = 1; i <= 20; ++i) {
    fast.send(get("/native"));
    fast.until("native", i);
  }
  slow.pump();
  EXPECT_EQ(slow.received, "");
  release.set();
  slow.until("Hello, world");
}

TEST_F(WSGI, an_application_runs_on_no_more_threads_than_it_may) {
  WSGIOptions options;
  options.threads = 2;
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  Event release;
  serve(
      [&](const Environ& env, StartResponse& start_response) -> Chunks {
        const int now = ++running;
        for (int before = most; before < now && !most.compare_exchange_weak(before, now);) continue;
        EXPECT_TRUE(release.wait());
        --running;
        return hello(env, start_response);
      },
      options);
  std::vector<Client> clients;
  for (int i = 0; i < 6; ++i) clients.push_back(connect());
  for (Client& client : clients) client.send(get());
  run_until(loop_, [&] { return running == 2; });
  release.set();
  for (Client& client : clients) client.until("Hello, world");
  EXPECT_EQ(most, 2);
  options.threads = 0;
  EXPECT_THROW(WSGIContainer(hello, options), std::invalid_argument);
}

// WG-01
TEST_F(WSGI, an_executor_may_be_given) {
  const auto here = std::this_thread::get_id();
  const auto where = [&](const Environ&, StartResponse& start_response) -> Chunks {
    const Write write = start_response("200 OK", {});
    write(std::string(1'000'000, 'x'));  // the loop's own thread does not wait for a reader
    write(std::string(1'000'000, 'x'));
    return {std::this_thread::get_id() == here ? "on the loop" : "elsewhere"};
  };
  WSGIOptions options;
  options.executor = &concurrent::dummy_executor;
  serve(where, options);
  EXPECT_TRUE(has(ask_for("/"), "on the loop"));
  concurrent::ThreadPoolExecutor pool(1);
  options.executor = &pool;
  serve(where, options);
  EXPECT_TRUE(has(ask_for("/"), "elsewhere"));
  pool.shutdown();
  EXPECT_TRUE(ask_for("/").starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(log_.count("cannot schedule new futures after shutdown"), 1U);
}

TEST_F(WSGI, two_containers_do_not_know_of_each_other) {
  WSGIContainer one(hello);
  WSGIContainer two([](const Environ&, StartResponse& start_response) -> Chunks {
    start_response("200 OK", {});
    return {"two"};
  });
  web::Application app({{"/one", one}, {"/two", two}});
  auto& server = app.listen(0, "127.0.0.1");
  Client client(loop_, server.port());
  client.send(get("/one") + get("/two"));
  client.until("two");
  EXPECT_TRUE(has(client.received, "Hello, world"));
}

// ---- ends ---------------------------------------------------------------------------------------

TEST_F(WSGI, a_client_that_leaves_costs_nothing) {
  Event inside;
  Event release;
  serve([&](const Environ& env, StartResponse& start_response) -> Chunks {
    inside.set();
    EXPECT_TRUE(release.wait());
    return hello(env, start_response);
  });
  Client client = connect();
  client.send(get());
  run_until(loop_, [&] { return inside.is_set(); });
  client.reset();
  run_until(loop_, [&] { return server_->connection_count() == 0; });
  release.set();
  EXPECT_EQ(body_of(ask_for("/")), "Hello, world");
  EXPECT_EQ(log_.count("Uncaught") + log_.count("Cannot send"), 0U);
}

TEST_F(WSGI, a_client_that_leaves_in_its_body_leaves_no_file) {
  WSGIOptions options;
  options.max_buffer_size = 10;
  serve(dump_app, options);
  const auto files = [] {
    const std::filesystem::directory_iterator fds("/proc/self/fd");
    return std::count_if(begin(fds), end(fds), [](const auto& entry) {
      std::error_code gone;
      return has(std::filesystem::read_symlink(entry.path(), gone).string(), "(deleted)");
    });
  };
  const auto before = files();
  Client client = connect();
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + std::string(500, 'x'));
  run_until(loop_, [&] { return files() == before + 1; });
  client.close();
  run_until(loop_, [&] { return files() == before; });
}

TEST_F(WSGI, an_application_that_never_returns_does_not_hold_up_the_end) {
  Event inside;
  Event release;
  Event returned;
  WSGIOptions options;
  options.shutdown_timeout = 0.05;
  serve(
      [&](const Environ&, StartResponse& start_response) -> Chunks {
        inside.set();
        EXPECT_TRUE(release.wait());
        const Write write = start_response("200 OK", {});
        EXPECT_THROW(write("x"), iostream::StreamClosedError);
        returned.set();
        return {};
      },
      options);
  Client client = connect();
  client.send(get());
  run_until(loop_, [&] { return inside.is_set(); });
  stop();
  EXPECT_EQ(log_.count("A WSGI application has not returned"), 1U);
  loop_.close();
  release.set();
  EXPECT_TRUE(returned.wait());
}

TEST_F(WSGI, a_container_waits_for_applications_that_return) {
  Event inside;
  std::atomic<bool> returned = false;
  serve([&](const Environ& env, StartResponse& start_response) -> Chunks {
    inside.set();
    std::this_thread::yield();
    returned = true;
    return hello(env, start_response);
  });
  Client client = connect();
  client.send(get());
  run_until(loop_, [&] { return inside.is_set(); });
  stop();
  EXPECT_TRUE(returned);
  EXPECT_EQ(log_.count("has not returned"), 0U);
}

TEST_F(WSGI, a_loop_that_closes_ends_what_is_written_for_it) {
  Event inside;
  Event closed;
  Event ended;
  {
    ioloop::IOLoopOptions loop_options;
    loop_options.make_current = ioloop::MakeCurrent::kNo;
    ioloop::IOLoop loop(loop_options);
    loop_.clear_current();
    loop.make_current();
    serve([&](const Environ&, StartResponse& start_response) -> Chunks {
      const Write write = start_response("200 OK", {});
      write("x");
      inside.set();
      EXPECT_TRUE(closed.wait());
      EXPECT_THROW(write("y"), iostream::StreamClosedError);
      ended.set();
      return {};
    });
    Client client(loop, server_->port());
    client.send(get());
    client.until("x");
    run_until(loop, [&] { return inside.is_set(); });
    server_.reset();
  }
  closed.set();
  EXPECT_TRUE(ended.wait());
  container_.reset();
}

// ---- places for a container ---------------------------------------------------------------------

// WG-01
TEST_F(WSGI, it_is_the_callback_of_a_server_and_of_a_fallback_handler) {
  container_.emplace(dump_app);
  const httpserver::RequestCallback callback = *container_;
  httpserver::HTTPServer server(callback);
  server.listen(0, "127.0.0.1");
  web::Application app({web::url<web::FallbackHandler>("/fallback", {.fallback = *container_})});
  const auto fallback_port = app.listen(0, "127.0.0.1").port();
  Client one(loop_, server.port());
  one.send(post("/callback", "one"));
  one.until("wsgi.input=one");
  Client two(loop_, fallback_port);
  two.send(post("/fallback", "two"));
  two.until("wsgi.input=two");
  EXPECT_TRUE(has(two.received, "PATH_INFO=/fallback\n"));
  container_.reset();
  for (Client* const client : {&one, &two}) {
    client->take();
    client->send(get("/fallback"));
    EXPECT_EQ(client->until_end(), "");
  }
  EXPECT_EQ(log_.count("GET /fallback is for a WSGIContainer that is gone"), 2U);
}

TEST_F(WSGI, a_request_that_exceeds_a_limit_has_a_line_in_the_access_log) {
  container_.emplace(dump_app);
  httpserver::HTTPServerOptions options;
  options.max_body_size = 3;
  options.max_header_size = 200;
  httpserver::HTTPServer server(*container_, options);
  server.listen(0, "127.0.0.1");
  Client large_body(loop_, server.port());
  large_body.send(post("/body", "four"));
  EXPECT_TRUE(large_body.until_end().starts_with("HTTP/1.1 413 "));
  Client large_head(loop_, server.port());
  large_head.send(get("/head", "X: " + std::string(200, 'x') + "\r\n"));
  EXPECT_TRUE(large_head.until_end().starts_with("HTTP/1.1 431 "));
  EXPECT_EQ(log_.count("413 POST /body (127.0.0.1) "), 1U) << log_.text();
  EXPECT_EQ(log_.count("431 GET /head (127.0.0.1) "), 1U) << log_.text();
}

TEST_F(WSGI, a_request_that_is_being_read_while_the_container_goes_is_closed) {
  container_.emplace(dump_app);
  web::Application app({{".*", *container_}});
  auto& server = app.listen(0, "127.0.0.1");
  Client client(loop_, server.port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  client.until("100 Continue");
  client.take();
  container_.reset();
  client.send("abcd");
  EXPECT_EQ(client.until_end(), "");
  EXPECT_EQ(log_.count("POST / is for a WSGIContainer that is gone"), 1U);
}

}  // namespace
}  // namespace tornado::wsgi
