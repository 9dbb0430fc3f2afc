// What the tests of requests share: handlers, a site that has them, and its clients.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "06-request-handler/application.h"
#include "support/story.h"
#include "tests/chapters/04-iostream/stream_pair.h"

using mini::PathArgs;
using story::Story;
using Events = std::vector<std::string>;

// Records what is called, and does what its path says.
class NotingHandler : public mini::RequestHandler {
 public:
  void initialize(Events* events) {
    events_ = events;
    if (request().path() == "/initialized") finish("from initialize");
  }
  void prepare() override {
    events_->push_back("prepare");
    if (request().path() == "/prepared") finish("from prepare");
  }
  void get(const PathArgs& args) override {
    events_->push_back("get");
    if (args[0] == "missing") throw mini::HTTPError(404);
    if (args[0] == "prepared") return;  // a verb that wrote would be caught by write()
    write("half a page");
    if (args[0] == "half") throw mini::HTTPError(403);
    if (args[0] == "bug") throw std::runtime_error("the password is 12345");
    if (args[0] == "odd") throw 12345;
    if (args[0] == "down") throw mini::HTTPError(503, "no database");
    if (args[0] == "failed") throw mini::HTTPError(500, "no idea");
    if (args[0] == "late") {
      finish(", whole");
      throw std::runtime_error("too late");
    }
    if (args[0] == "held") {
      auto_finish_ = false;
      mini::IOLoop::current().add_callback(
          [this, self = shared_from_this()] { finish(", later"); });
    }
    if (args[0] == "fails_later") {
      auto_finish_ = false;
      mini::IOLoop::current().add_callback([this, self = shared_from_this()] {
        handle_exception(std::make_exception_ptr(mini::HTTPError(404)));
      });
    }
  }
  void on_finish() override {
    events_->push_back("on_finish");
    if (request().query() == "full") throw std::runtime_error("the disk is full");
  }

 private:
  Events* events_ = nullptr;
};

// Notes which of its verbs is called, and when its response begins.
class VerbHandler : public mini::RequestHandler {
 public:
  void initialize(Events* events) {
    events_ = events;
    events_->push_back("initialize");
  }
  void prepare() override { events_->push_back("prepare"); }
  void get(const PathArgs&) override { note("get"); }
  void head(const PathArgs&) override { note("head"); }
  void post(const PathArgs&) override { note("post"); }
  void put(const PathArgs&) override { note("put"); }
  void patch(const PathArgs&) override { note("patch"); }
  void delete_(const PathArgs&) override { note("delete"); }
  void options(const PathArgs& args) override { note("options of " + args.at(0)); }

 private:
  void note(const std::string& verb) {
    events_->push_back(verb);
    write("from " + verb);
  }
  Events* events_ = nullptr;
};

// Uses what a request brings, and what a response needs.
class PageHandler : public mini::RequestHandler {
 public:
  void set_default_headers() override { set_header("Server", "mini"); }
  void get(const PathArgs& args) override {
    if (args[0] == "moved") {
      redirect("/new");
      if (!finished()) write("redirect() has not finished the response");
      return;
    }
    if (args[0] == "moved_forever") return redirect("/new", true);
    if (args[0] == "twice") return finish_twice();
    for (const std::string& value : get_arguments("a")) write(value + ";");
    write(get_argument("b", "none"));
    write(get_argument("c"));
  }
  void post(const PathArgs& args) override { get(args); }

 private:
  void finish_twice() {
    finish("once");
    std::string refused;
    for (const auto& again : {std::function<void()>([this] { finish(); }),
                              std::function<void()>([this] { write("more"); })}) {
      try {
        again();
        refused += "done ";
      } catch (const std::logic_error&) {
        refused += "refused ";
      }
    }
    if (refused != "refused refused ") ADD_FAILURE() << "finish() and write() again: " << refused;
  }
};

// Fails, with an error page of its own.
class ErrorPageHandler : public mini::RequestHandler {
 public:
  void initialize(Events* events) { events_ = events; }
  void get(const PathArgs& args) override {
    if (args[0] != "sent") throw mini::HTTPError(404);
    set_status(202);
    finish("a page");
    try {
      send_error(500);
    } catch (const std::logic_error&) {
      events_->push_back("refused, status " + std::to_string(get_status()));
    }
  }
  void write_error(int status) override {
    write("sorry, " + std::to_string(status));
    if (request().path() == "/error/finished") finish(", and good-bye");
    if (request().path() == "/error/thrown") throw std::runtime_error("no template");
  }

 private:
  Events* events_ = nullptr;
};

class Site {
 public:
  explicit Site(Story& story) : story_(story), port_(app_.listen(loop_, 0).port()) {}

  // Returns all of the response to a request that ends its connection.
  std::string ask(const std::string& request) {
    story_.step("a client sends " + story::in_quotes(request));
    mini::Client client(port_);
    client.send(request);
    mini::settle(loop_);
    client.half_close();
    return client.read_to_end();
  }

  // Returns status and body of the response: "200 hello".
  std::string get(const std::string& path) {
    story_.step("a client asks for " + path);
    mini::Client client(port_);
    client.send("GET " + path + " HTTP/1.0\r\n\r\n");
    mini::settle(loop_);
    client.half_close();
    const std::string answer = client.read_to_end();
    return answer.substr(9, 4) + answer.substr(answer.find("\r\n\r\n") + 4);
  }
  const Events& events() const { return events_; }

 private:
  Story& story_;
  Events events_;
  mini::IOLoop loop_;
  mini::Application app_{{mini::url<VerbHandler>("/verbs/(.*)", "", &events_),
                          mini::url<PageHandler>("/page/(.*)", "page"),
                          mini::url<ErrorPageHandler>("/error/(.*)", "", &events_),
                          mini::url<NotingHandler>("/(.*)", "", &events_)}};
  std::uint16_t port_;
};

inline std::string page(const std::string& line) {
  return "<html><title>" + line + "</title><body>" + line + "</body></html>";
}
