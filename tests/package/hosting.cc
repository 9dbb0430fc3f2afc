// An application of Python's in a program of somebody else's, called without a server.
#include <tornado/wsgi.h>

#include <cstdio>

using namespace tornado;

namespace {

class Printer final : public wsgi::Responder {
 public:
  void start(std::string_view status, wsgi::Headers, std::exception_ptr) override {
    std::printf("%s ", std::string(status).c_str());
  }
  bool headers_sent() const override { return false; }
  void write(std::string_view) override {}
};

}  // namespace

int main() {
  const wsgi::PythonApplication application("wsgiref.simple_server:demo_app");
  wsgi::StartResponse start_response(std::make_shared<Printer>());
  for (const std::string& chunk : application(wsgi::Environ(), start_response)) {
    std::printf("%s", chunk.c_str());
  }
}
