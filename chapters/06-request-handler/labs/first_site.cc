// A site on the server of chapter 05: a ladder of comparisons, with the faults that such sites
// have.  first_site [PORT]
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "05-http/http_server.h"

namespace {

using RequestPtr = std::shared_ptr<mini::HTTPServerRequest>;

void respond(const RequestPtr& request, int status, const std::string& text) {
  request->respond(status, {{"Content-Type", "text/html; charset=UTF-8"}}, text + "\n");
}

// [argument]
std::string argument(const RequestPtr& request, const std::string& name) {
  const std::string query = request->query();
  const std::size_t begin = query.find(name + "=") + name.size() + 1;
  return query.substr(begin, query.find('&', begin) - begin);
}
// [/argument]

// [fault]
void handle(const RequestPtr& request) {
  const std::string path = request->path();
  if (path == "/") return respond(request, 200, "Hello, world");
  if (path == "/hello") return respond(request, 200, "Hello, " + argument(request, "name"));
  if (path.starts_with("/story/")) {
    const int number = std::stoi(path.substr(7));
    return respond(request, 200, "this is story " + std::to_string(number));
  }
  respond(request, 404, "Not Found");
}
// [/fault]

}  // namespace

int main(int argc, char** argv) {
  mini::IOLoop loop;
  mini::HTTPServer server(loop, handle);
  server.listen(argc > 1 ? static_cast<std::uint16_t>(std::stoi(argv[1])) : std::uint16_t{8888});
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  loop.start();
}
