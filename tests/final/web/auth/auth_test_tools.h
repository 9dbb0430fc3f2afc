// Internal header: a service that logs people in, a program that sends them there, and a browser,
// all on one loop.
#pragma once

#include <tornado/auth.h>
#include <tornado/escape.h>
#include <tornado/json.h>
#include <tornado/testing.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../../net/net_test_tools.h"

namespace tornado::auth {

using httpclient::HTTPResponse;

// The requests that the service received, and its behaviour. Cleared by the fixture.
struct ServiceState {
  std::string url;                            // "http://127.0.0.1:1234"
  std::vector<std::string> requests;          // "POST /token"
  std::map<std::string, std::string> fields;  // of the last request with a response of its own
  // Replaces the response of a path.
  struct Failure {
    int status = 200;
    std::string body = {};
    bool silent = false;  // it never responds
  };
  std::map<std::string, Failure> failures;
};
inline ServiceState service;

inline std::string sent(const web::RequestHandler& handler, const std::string& name) {
  return handler.get_argument(name, "", false);
}

// A page of the service: notes the request, and fails if told to.
struct ServiceHandler : web::RequestHandler {
  web::asynchronous any_method() {
    service.requests.push_back(request.method + " " + request.path);
    const auto failure = service.failures.find(request.path);
    if (failure == service.failures.end()) {
      answer();
      if (!finished()) finish();
    } else if (!failure->second.silent) {
      set_status(failure->second.status);
      finish(failure->second.body);
    }
    return {};
  }
  virtual void answer() = 0;

  // Returns whether the request has all of these.
  void require(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (sent(*this, name).empty()) throw web::HTTPError(400, "no " + name);
    }
  }
};

// Keeps cookies, and follows no redirect by itself.
class Browser {
 public:
  explicit Browser(ioloop::IOLoop& loop) : loop_(loop) {}

  HTTPResponse get(const std::string& url) {
    httpclient::HTTPRequest request(url);
    request.follow_redirects = false;
    request.request_timeout = 0;
    std::string sent;
    for (const auto& [name, value] : cookies) {
      sent += (sent.empty() ? "" : "; ") + name + "=" + value;
    }
    if (!sent.empty()) request.headers.set("Cookie", sent);
    const httpclient::AsyncHTTPClient client;
    auto response = loop_.run_sync([&] { return client.fetch(std::move(request), false); });
    for (const std::string& line : response.headers.get_list("Set-Cookie")) keep(line);
    return response;
  }
  // Returns the target of the redirect from `url`.
  std::string redirect(const std::string& url) {
    const HTTPResponse response = get(url);
    EXPECT_EQ(response.code, 302) << response.body;
    return response.headers.get("Location");
  }

  std::map<std::string, std::string> cookies;
  std::vector<std::string> cookie_lines;  // as they were set

 private:
  void keep(const std::string& line) {
    cookie_lines.push_back(line);
    const std::string pair = line.substr(0, line.find(';'));
    const std::string name = pair.substr(0, pair.find('='));
    std::string value = pair.substr(pair.find('=') + 1);
    if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
    if (value.empty()) {
      cookies.erase(name);
    } else {
      cookies[name] = value;
    }
  }

  ioloop::IOLoop& loop_;
};

// The test's own server is the service.
class AuthTest : public testing::AsyncHTTPTestCase {
 protected:
  AuthTest() : AsyncHTTPTestCase(testing::Time::kVirtual) {
    service = {};
    httpclient::ClientOptions options;
    options.resolver = std::make_shared<netutil::BlockingResolver>();
    httpclient::AsyncHTTPClient::configure("simple", options);
  }
  ~AuthTest() override { httpclient::AsyncHTTPClient::configure(nullptr); }

  App get_app() override { return make_app({}); }
  void SetUp() override {
    AsyncHTTPTestCase::SetUp();
    service.url = get_url("");
  }
  // Serves the program, and sets `url` to its address.
  void serve(std::vector<web::URLSpec> routes, web::Settings settings = {}) {
    app_.emplace(std::move(routes), std::move(settings));
    url = "http://127.0.0.1:" + std::to_string(app_->listen(0, "127.0.0.1").port());
  }

  static std::map<std::string, std::string> query(const std::string& address) {
    std::map<std::string, std::string> fields;
    const auto question = address.find('?');
    if (question == address.npos) return fields;
    for (auto& [name, value] : escape::parse_qs_bytes(address.substr(question + 1))) {
      fields[name] = value;
    }
    return fields;
  }

  Browser browser{io_loop};
  std::optional<web::Application> app_;
  std::string url;

 private:
  // Not written, unless a test expects it.
  testing::ExpectLog access_{log::access_log, "", false};
  testing::ExpectLog refusals_{log::gen_log, "", false};
  testing::ExpectLog errors_{log::app_log, "Uncaught exception ", false};
};

// Responds with the message of an AuthError, so that tests can read it.
struct Reporting : web::RequestHandler {
  void write_error(int status_code, const web::ErrorInfo& info) override {
    json said = {{"status", status_code}};
    try {
      if (info.exception) std::rethrow_exception(info.exception);
    } catch (const AuthError& error) {
      said.update({{"auth_error", error.log_message},
                   {"error", error.error},
                   {"service_status", error.service_status},
                   {"has_cause", error.cause != nullptr}});
    } catch (const std::exception& error) {
      said["other"] = error.what();
    }
    finish(said);
  }
};

}  // namespace tornado::auth
