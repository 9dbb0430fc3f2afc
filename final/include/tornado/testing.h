// Public header: what a program's own tests are made of, on GoogleTest. Mirrors tornado.testing. A
// component of its own: find_package(tornado COMPONENTS testing), target tornado::testing.
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

// Seconds that a test may wait: the environment variable ASYNC_TEST_TIMEOUT, or 5 if it is not set
// or no number. (get_async_test_timeout)
double get_async_test_timeout();

// A listening IPv4 socket on a port that was free, and that port. Throws as bind_sockets does.
// (bind_unused_port)
std::pair<netutil::Socket, std::uint16_t> bind_unused_port(
    bool reuse_port = false, const std::string& address = "127.0.0.1");

// While it lives, records of one logger that match are expected: they are not written, and do not
// fail an AsyncTestCase. If none came until its end, that is a failure of the test; no second one
// if it ends by an exception. (ExpectLog)
class ExpectLog {
 public:
  using Where = std::source_location;

  // `logger` is the name of the logger itself, not of those below it: "tornado.application". The
  // regular expression (RE2's) must match the beginning of the message. With `required` off,
  // records may come or not. With `level` only records of that level count, others that match are
  // written, with a warning; and the logger's own level is lowered meanwhile, if it would hold such
  // records back. Throws std::invalid_argument for what is no regular expression.
  ExpectLog(std::string_view logger, const std::string& regex, bool required = true,
            std::optional<log::Level> level = {}, const Where& where = Where::current());
  ExpectLog(const log::Logger& logger, const std::string& regex, bool required = true,
            std::optional<log::Level> level = {}, const Where& where = Where::current())
      : ExpectLog(logger.name(), regex, required, level, where) {}
  ExpectLog(const ExpectLog&) = delete;
  ExpectLog& operator=(const ExpectLog&) = delete;
  ~ExpectLog();

  // Whether a record came. Any thread.
  bool matched() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What time a test runs in.
enum class Time : std::uint8_t {
  kReal,
  // It begins at 1,000 seconds, and moves only when the loop would sleep, or by advance(): a test
  // of an hour takes no time. Code on other threads is waited for only while no timer is set.
  kVirtual,
};

// A test with a loop of its own, which is IOLoop::current() from the fixture's constructor to the
// end of its destructor. (AsyncTestCase)
//
// After the test, coroutines that still wait are cancelled, and run to their end. The test fails if
// - an exception left a callback, or was in a future that nobody looked at, and no ExpectLog took
//   what was logged of it;
// - it leaves handlers or timers on the loop when the members of the fixture are gone.
class AsyncTestCase : public ::testing::Test {
 public:
  AsyncTestCase(const AsyncTestCase&) = delete;
  AsyncTestCase& operator=(const AsyncTestCase&) = delete;
  // Closes the loop.
  ~AsyncTestCase() override;

 protected:
  explicit AsyncTestCase(Time time = Time::kReal);

  // A class that overrides it calls it at the end of its own.
  void TearDown() override;

  // Runs the loop until `body()`, a coroutine, is done; throws what it throws, TimeoutError after
  // `timeout` seconds of real time, be the loop's virtual or not. The coroutine then is cancelled.
  // GEN_TEST calls it. (gen_test)
  void gen_test(core::Function<Future<void>()> body, double timeout = get_async_test_timeout());

  // Lets the wait() that runs, or else the next one, return; with what was given here, if anything.
  // On the loop's thread. (stop)
  void stop() { stop_with(nullptr, nullptr); }
  template <class T>
  void stop(T value) {
    stop_with(std::make_shared<T>(std::move(value)), &kType<T>);
  }

  // Runs the loop until stop(), and then, with a condition, until that holds when stop() is called
  // again. `wait<T>()` returns the T that stop() was given; std::logic_error if it was given none.
  // Throws TimeoutError after `timeout` seconds of real time (0: never), and std::runtime_error as
  // soon as an exception has left a callback. (wait)
  template <class T = void>
  T wait(double timeout = get_async_test_timeout()) {
    return wait<T>(nullptr, timeout);
  }
  template <class T = void>
  T wait(const core::Function<bool()>& condition, double timeout = get_async_test_timeout()) {
    const auto value = wait_for_stop(condition, timeout, type_of<T>());
    if constexpr (!std::is_void_v<T>) return std::move(*static_cast<T*>(value.get()));
  }

  // Runs the loop for `seconds` of virtual time: all that is due until then happens, in its order.
  // Throws std::logic_error if the time is real, or in a coroutine, which awaits gen::sleep().
  void advance(double seconds);

  // This test leaves handlers or timers on the loop, and may.
  void expect_leftovers();

  // Stops and frees the loop; what the destructor does, for classes that own what must outlive it.
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

// What AsyncHTTPTestCase serves: a web::Application, or whatever else answers requests.
using App = std::unique_ptr<httputil::HTTPServerConnectionDelegate>;

// A test with a server on a free port of 127.0.0.1, from SetUp() to TearDown(), and a client.
// (AsyncHTTPTestCase)
class AsyncHTTPTestCase : public AsyncTestCase {
 public:
  ~AsyncHTTPTestCase() override;

 protected:
  using AsyncTestCase::AsyncTestCase;
  using App = tornado::testing::App;

  // An application of these routes. One of a class of yours is std::make_unique<MyApplication>().
  static App make_app(std::vector<web::URLSpec> handlers, web::Settings settings = {});

  // Classes that override these two call them at the beginning, and at the end, of their own.
  void SetUp() override;
  void TearDown() override;

  // What to serve; called by SetUp(). It is destroyed after the fixture's members. (get_app)
  virtual App get_app() = 0;
  // The options of the server. (get_httpserver_options)
  virtual httpserver::HTTPServerOptions get_httpserver_options();
  // The server, not yet listening. (get_http_server)
  virtual std::unique_ptr<httpserver::HTTPServer> get_http_server(
      httputil::HTTPServerConnectionDelegate& app);
  // The client; the loop's own by default. It is closed by TearDown(). (get_http_client)
  virtual httpclient::AsyncHTTPClient get_http_client();
  // "http". (get_protocol)
  virtual std::string get_protocol();

  // The server's port, and "http://127.0.0.1:PORT" with `path` behind it. Throw std::logic_error
  // before SetUp(). (get_http_port, get_url)
  std::uint16_t get_http_port() const;
  std::string get_url(std::string_view path);

  // Fetches from the server, while the loop runs; `path` may also be a whole URL. What is no
  // success is a response with that code, unless `raise_error`. Throws what a fetch fails with if
  // there is no response, and TimeoutError as gen_test() does. Not in a coroutine, which awaits
  // http_client.fetch(get_url(path)). (fetch)
  httpclient::HTTPResponse fetch(std::string path, bool raise_error = false);
  // The same with a method, a body, headers: `request.url` is the path.
  httpclient::HTTPResponse fetch(httpclient::HTTPRequest request, bool raise_error = false);

  httpclient::AsyncHTTPClient http_client;
  std::unique_ptr<httpserver::HTTPServer> http_server;

 private:
  void close_server();

  App app_;
};

// The same over TLS. The server's certificate, for localhost and 127.0.0.1, is signed by an
// authority that exists for this run of the program only; http_client trusts it, and nobody else.
// (AsyncHTTPSTestCase)
class AsyncHTTPSTestCase : public AsyncHTTPTestCase {
 protected:
  using AsyncHTTPTestCase::AsyncHTTPTestCase;

  httpserver::HTTPServerOptions get_httpserver_options() override;
  httpclient::AsyncHTTPClient get_http_client() override;
  std::string get_protocol() override;
  // The server's side of TLS. (get_ssl_options)
  virtual ssl::SSLOptions get_ssl_options();

 public:
  // A server's options, with that certificate. (default_ssl_options)
  static ssl::SSLOptions default_ssl_options();
  // The authority's own certificate, PEM: the ca_certs of clients that are to trust it.
  static const std::string& authority_file();
};

// Runs the tests of this program, and returns what main() is to return. Takes GoogleTest's options
// and those of tornado.options, such as --logging=debug; words behind them are the names of the
// test cases to run, or of single tests (HelloTest, HelloTest.greets). (main)
//
//   int main(int argc, char** argv) { return tornado::testing::main(argc, argv); }
int main(int argc, char** argv);

}  // namespace tornado::testing

// A test that is a coroutine: its body may co_await, and belongs to `fixture`, an AsyncTestCase. It
// may take get_async_test_timeout() seconds, or those given as a third argument. (gen_test)
//
// GoogleTest's ASSERT_... return, which a coroutine cannot: use EXPECT_..., or those below.
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

// What EXPECT_... checks, and the end of the coroutine if it does not hold.
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
