#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/json.h>

#include <future>

#include "seeds.h"

using namespace tornado;

namespace {

struct Page : web::RequestHandler {
  void get() { write("<html><body>a page from elsewhere</body></html>"); }
};

struct Word : web::RequestHandler {
  void get(std::string word) { write(word); }
};

struct Feed : web::RequestHandler {
  void get(std::string name) {
    json feed;
    feed["id"] = name;
    for (const char* body : {"first", "second", "third"}) feed["entries"].push_back(body);
    write(feed);
  }
};

}  // namespace

seeds::OtherServer::OtherServer() {
  std::promise<void> listening;
  thread_ = std::thread([this, &listening] {
    ioloop::IOLoop loop;
    web::Settings settings;
    settings.log_function = [](const web::RequestHandler&) {};  // only the program itself logs
    web::Application app(
        {
            web::url<Page>("/"),
            web::url<Word>("/(one|two)"),
            web::url<Feed>("/feed/(bret)"),
        },
        settings);
    port_ = app.listen(0, "127.0.0.1").port();
    loop_ = &loop;
    listening.set_value();
    loop.start();
  });
  listening.get_future().wait();
}

seeds::OtherServer::~OtherServer() {
  loop_->stop();
  thread_.join();
}

std::string seeds::OtherServer::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}
