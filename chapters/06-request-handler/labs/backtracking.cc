// Matches the same pattern with two libraries.  backtracking std|re2 [PORT]
#include <cstdint>
#include <cstdio>
#include <memory>
#include <regex>
#include <string>

#include "05-http/http_server.h"
#include "06-request-handler/request_handler.h"

namespace {

using RequestPtr = std::shared_ptr<mini::HTTPServerRequest>;

// [fault]
// Words with dashes between them: "/story/once-upon-a-time".
const std::string kPattern = "/story/([a-z]+-?)+";

bool std_matches(const std::string& path) {
  static const std::regex pattern(kPattern);
  return std::regex_match(path, pattern);
}

bool re2_matches(const std::string& path) {
  static const mini::URLSpec route = mini::url<mini::RequestHandler>(kPattern);
  return route.match(path).has_value();
}
// [/fault]

}  // namespace

int main(int argc, char** argv) {
  const auto matches = argc > 1 && std::string(argv[1]) == "std" ? std_matches : re2_matches;
  mini::IOLoop loop;
  mini::HTTPServer server(loop, [matches](const RequestPtr& request) {
    const bool found = matches(request->path());
    request->respond(found ? 200 : 404, {}, found ? "A story.\n" : "No such story.\n");
  });
  server.listen(argc > 2 ? static_cast<std::uint16_t>(std::stoi(argv[2])) : std::uint16_t{8888});
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  loop.start();
}
