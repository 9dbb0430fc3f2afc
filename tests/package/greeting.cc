#include <tornado/escape.h>
#include <tornado/json.h>
#include <tornado/version.h>

#include <cstdio>
#include <string>

int main() {
  const std::string text = tornado::escape::xhtml_escape("<Hello, package>");
  std::printf("%s %s\n", std::string(tornado::kVersion).c_str(),
              tornado::escape::json_encode(text).c_str());
}
