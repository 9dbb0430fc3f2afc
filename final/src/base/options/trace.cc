#include "base/options/trace.h"

#include <unistd.h>

namespace tornado::options {
namespace {

// The option's value. Never destroyed, because a loop may start while the program ends.
struct Given {
  std::string path;
  ::pid_t process = 0;
};

Given& given() {
  static auto& one = *new Given;
  return one;
}

}  // namespace

void define_trace_option(OptionParser& parser) {
  parser.define<std::string>(
      "trace", "",
      "Write what each event loop does to this file, for https://ui.perfetto.dev. A forked process "
      "adds its number to the name.",
      {.metavar = "FILE", .group = "tornado/ioloop", .callback = [](const std::string& path) {
         given() = {path, ::getpid()};
       }});
}

std::string trace_path() {
  const Given& now = given();
  if (now.path.empty() || now.process == ::getpid()) return now.path;
  return now.path + "." + std::to_string(::getpid());
}

}  // namespace tornado::options
