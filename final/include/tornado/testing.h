// Public header: support for a program's own tests, on GoogleTest. Mirrors tornado.testing. A
// separate component: find_package(tornado COMPONENTS testing), target tornado::testing.
//
//   using tornado::testing::AsyncHTTPTestCase;      // "testing" alone is GoogleTest's
//
//   struct HelloTest : AsyncHTTPTestCase {
//     App get_app() override { return make_app({web::url<MainHandler>("/")}); }
//   };
//   TEST_F(HelloTest, greets) { EXPECT_EQ(fetch("/").body, "Hello, world"); }
//   GEN_TEST(HelloTest, greets_twice) {
//     EXPECT_EQ((co_await http_client.fetch(get_url("/"))).code, 200);
//     EXPECT_EQ((co_await http_client.fetch(get_url("/"))).code, 200);
//   }
#pragma once

#include <gtest/gtest.h>
#include <tornado/core/function.h>
#include <tornado/httpclient.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/log.h>
#include <tornado/netutil.h>
#include <tornado/web.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tornado::testing {

// Returns the seconds that a test may wait: the environment variable ASYNC_TEST_TIMEOUT, or 5 if
// that is unset or not a number. (get_async_test_timeout)
double get_async_test_timeout();

// Returns a listening IPv4 socket on a free port, and that port. Throws the errors of bind_sockets.
// (bind_unused_port)
std::pair<netutil::Socket, std::uint16_t> bind_unused_port(
    bool reuse_port = false, const std::string& address = "127.0.0.1");

// Expects log records while it lives: records of one logger that match are not written and do not
// fail an AsyncTestCase. If none has come when it is destroyed, the test fails, unless it is being
// left by an exception, which is failure enough. (ExpectLog)
class ExpectLog {
 public:
  using Where = std::source_location;

  // `logger` is the exact name of the logger, such as "tornado.application"; loggers below it do
  // not count. The regular expression (RE2's) must match the beginning of the message. With
  // `required` false, records may come or not. With `level`, only records of that level count;
  // others that match are written, with a warning. The logger's own level is lowered for the time
  // being if it would suppress such records. Throws std::invalid_argument if the regular expression
  // is not valid.
  ExpectLog(std::string_view logger, const std::string& regex, bool required = true,
            std::optional<log::Level> level = {}, const Where& where = Where::current());
  ExpectLog(const log::Logger& logger, const std::string& regex, bool required = true,
            std::optional<log::Level> level = {}, const Where& where = Where::current())
      : ExpectLog(logger.name(), regex, required, level, where) {}
  ExpectLog(const ExpectLog&) = delete;
  ExpectLog& operator=(const ExpectLog&) = delete;
  ~ExpectLog();

  // Returns true if a record has come. Any thread.
  bool matched() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The clock of a test's loop.
enum class Time : std::uint8_t {
  kReal,
  // Begins at 1,000 seconds and moves only when the loop would sleep, or by advance(), so a test of
  // an hour takes no time. The loop waits for other threads only while no timer is set.
  kVirtual,
};

// A test with its own loop, which is IOLoop::current() from the fixture's constructor to the end of
// its destructor. (AsyncTestCase)
//
// After the test, coroutines that still wait are cancelled and run to their end. The test fails if
// - an exception left a callback, or was in a future that nobody looked at, and no ExpectLog
//   matched the log record;
// - handlers or timers are still on the loop when the members of the fixture are destroyed.
class AsyncTestCase : public ::testing::Test {
 public:
  AsyncTestCase(const AsyncTestCase&) = delete;
  AsyncTestCase& operator=(const AsyncTestCase&) = delete;
  // Closes the loop.
  ~AsyncTestCase() override;

 protected:
  explicit AsyncTestCase(Time time = Time::kReal);

  // An override must call it at its end.
  void TearDown() override;

  // Runs the loop until `body()`, a coroutine, is done. Throws its exception, or TimeoutError after
  // `timeout` seconds of real time, even if the loop's time is virtual; the coroutine is then
  // cancelled. GEN_TEST calls this. (gen_test)
  void gen_test(core::Function<Future<void>()> body,
                core::Seconds timeout = get_async_test_timeout());

  // Makes the running wait(), or else the next one, return, with the value given here, if any. On
  // the loop's thread. (stop)
  void stop() { stop_with(nullptr, nullptr); }
  template <class T>
  void stop(T value) {
    stop_with(std::make_shared<T>(std::move(value)), &kType<T>);
  }

  // Runs the loop until stop() is called; with a condition, until that is true at a stop().
  // `wait<T>()` returns the T passed to stop(); throws std::logic_error if none was passed. Throws
  // TimeoutError after `timeout` seconds of real time (0: never), and std::runtime_error as soon as
  // an exception has left a callback. (wait)
  template <class T = void>
  T wait(core::Seconds timeout = get_async_test_timeout()) {
    return wait<T>(nullptr, timeout);
  }
  template <class T = void>
  T wait(const core::Function<bool()>& condition,
         core::Seconds timeout = get_async_test_timeout()) {
    const auto value = wait_for_stop(condition, timeout, type_of<T>());
    if constexpr (!std::is_void_v<T>) return std::move(*static_cast<T*>(value.get()));
  }

  // Runs the loop for `seconds` of virtual time: everything that is due in that time happens, in
  // order. Throws std::logic_error if the time is real, or inside a coroutine, which should await
  // gen::sleep().
  void advance(core::Seconds seconds);

  // Permits this test to leave handlers or timers on the loop.
  void expect_leftovers();

  // Stops and frees the loop, as the destructor does; for classes whose members must outlive it.
  void close_loop();

 private:
  struct State;

  template <class T>
  static constexpr char kType = 0;
  template <class T>
  static const void* type_of() {
    if constexpr (std::is_void_v<T>) {
      return nullptr;
    } else {
      return &kType<T>;
    }
  }
  void stop_with(std::shared_ptr<void> value, const void* type);
  std::shared_ptr<void> wait_for_stop(const core::Function<bool()>& condition, double timeout,
                                      const void* type);

  std::unique_ptr<State> state_;

 protected:
  // The test's loop.
  ioloop::IOLoop& io_loop;
};

// The object that AsyncHTTPTestCase serves: a web::Application, or any other that handles requests.
using App = std::unique_ptr<httputil::HTTPServerConnectionDelegate>;

// A test with a server on a free port of 127.0.0.1, from SetUp() to TearDown(), and a client.
// (AsyncHTTPTestCase)
class AsyncHTTPTestCase : public AsyncTestCase {
 public:
  ~AsyncHTTPTestCase() override;

 protected:
  using AsyncTestCase::AsyncTestCase;
  using App = tornado::testing::App;

  // Makes an application of these routes. For your own class, use
  // std::make_unique<MyApplication>().
  static App make_app(std::vector<web::URLSpec> handlers, web::Settings settings = {});

  // An override must call SetUp() at its beginning, and TearDown() at its end.
  void SetUp() override;
  void TearDown() override;

  // Returns the object to serve; called by SetUp(). It is destroyed after the fixture's members.
  // (get_app)
  virtual App get_app() = 0;
  // Returns the options of the server. (get_httpserver_options)
  virtual httpserver::HTTPServerOptions get_httpserver_options();
  // Makes the server, which does not listen yet. (get_http_server)
  virtual std::unique_ptr<httpserver::HTTPServer> get_http_server(
      httputil::HTTPServerConnectionDelegate& app);
  // Returns the client, by default the loop's own. TearDown() closes it. (get_http_client)
  virtual httpclient::AsyncHTTPClient get_http_client();
  // Returns "http". (get_protocol)
  virtual std::string get_protocol();

  // Return the server's port, and "http://127.0.0.1:PORT" followed by `path`. Throw
  // std::logic_error before SetUp(). (get_http_port, get_url)
  std::uint16_t get_http_port() const;
  std::string get_url(std::string_view path);

  // Fetches `path`, or a whole URL, from the server, and runs the loop meanwhile. A status other
  // than 2xx is returned as a response, unless `raise_error`. If there is no response, throws the
  // fetch's error; throws TimeoutError like gen_test(). Not for use in a coroutine, which should
  // await http_client.fetch(get_url(path)). (fetch)
  httpclient::HTTPResponse fetch(std::string path, bool raise_error = false);
  // The same with a method, a body, headers: `request.url` is the path.
  httpclient::HTTPResponse fetch(httpclient::HTTPRequest request, bool raise_error = false);

  // What get_http_client() and get_http_server() returned, from SetUp() to TearDown().
  httpclient::AsyncHTTPClient http_client;
  std::unique_ptr<httpserver::HTTPServer> http_server;

 private:
  void close_server();

  App app_;
};

// The same over TLS. The server's certificate, for localhost and 127.0.0.1, is signed by an
// authority that exists only for this run of the program; http_client trusts that authority and no
// other. (AsyncHTTPSTestCase)
class AsyncHTTPSTestCase : public AsyncHTTPTestCase {
 protected:
  using AsyncHTTPTestCase::AsyncHTTPTestCase;

  httpserver::HTTPServerOptions get_httpserver_options() override;
  httpclient::AsyncHTTPClient get_http_client() override;
  std::string get_protocol() override;
  // Returns the server's TLS options. (get_ssl_options)
  virtual ssl::SSLOptions get_ssl_options();

 public:
  // Returns a server's options, with that certificate. (default_ssl_options)
  static ssl::SSLOptions default_ssl_options();
  // Returns the path of the authority's own certificate, PEM: the ca_certs of clients that should
  // trust it.
  static const std::string& authority_file();
};

// Runs the tests of this program and returns the value that main() should return. Accepts
// GoogleTest's options and those of tornado.options, such as --logging=debug, followed by the names
// of the test cases or tests to run (HelloTest, HelloTest.greets). (main)
//
//   int main(int argc, char** argv) { return tornado::testing::main(argc, argv); }
int main(int argc, char** argv);

}  // namespace tornado::testing

// Defines a test that is a coroutine: its body may co_await, and belongs to `fixture`, an
// AsyncTestCase. Its time limit is get_async_test_timeout() seconds, or the third argument.
// (gen_test)
//
// GoogleTest's ASSERT_... use return, which a coroutine cannot: use EXPECT_..., or the macros
// below.
#define GEN_TEST(fixture, name, ...)                                              \
  class fixture##_##name##_Coroutine : public fixture {                           \
   protected:                                                                     \
    ::tornado::Future<void> gen_test_body();                                      \
  };                                                                              \
  GTEST_TEST_(fixture, name, fixture##_##name##_Coroutine,                        \
              ::testing::internal::GetTypeId<fixture>()) {                        \
    gen_test([this] { return this->gen_test_body(); } __VA_OPT__(, __VA_ARGS__)); \
  }                                                                               \
  ::tornado::Future<void> fixture##_##name##_Coroutine::gen_test_body()

#define TORNADO_CO_RETURN_FAILURE_(message) \
  co_return GTEST_MESSAGE_(message, ::testing::TestPartResult::kFatalFailure)
#define TORNADO_CO_COMPARE_(comparison, a, b) \
  GTEST_PRED_FORMAT2_(::testing::internal::comparison, a, b, TORNADO_CO_RETURN_FAILURE_)

// Check like EXPECT_..., and end the coroutine if the check fails.
#define CO_ASSERT_TRUE(condition) \
  GTEST_TEST_BOOLEAN_(condition, #condition, false, true, TORNADO_CO_RETURN_FAILURE_)
#define CO_ASSERT_FALSE(condition) \
  GTEST_TEST_BOOLEAN_(!(condition), #condition, true, false, TORNADO_CO_RETURN_FAILURE_)
#define CO_ASSERT_EQ(a, b) TORNADO_CO_COMPARE_(EqHelper::Compare, a, b)
#define CO_ASSERT_NE(a, b) TORNADO_CO_COMPARE_(CmpHelperNE, a, b)
#define CO_ASSERT_LT(a, b) TORNADO_CO_COMPARE_(CmpHelperLT, a, b)
#define CO_ASSERT_LE(a, b) TORNADO_CO_COMPARE_(CmpHelperLE, a, b)
#define CO_ASSERT_GT(a, b) TORNADO_CO_COMPARE_(CmpHelperGT, a, b)
#define CO_ASSERT_GE(a, b) TORNADO_CO_COMPARE_(CmpHelperGE, a, b)
