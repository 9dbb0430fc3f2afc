#include "06-2-static-files/static_file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace fs = std::filesystem;

namespace {

std::string type_of(const fs::path& file) {
  const std::string extension = file.extension().string();
  if (extension == ".html") return "text/html; charset=UTF-8";
  if (extension == ".css") return "text/css; charset=UTF-8";
  if (extension == ".txt") return "text/plain; charset=UTF-8";
  if (extension == ".png") return "image/png";
  return "application/octet-stream";
}

// Returns whether `file` is in `folder`, at any depth: its names begin with those of the folder.
bool is_inside(const fs::path& folder, const fs::path& file) {
  return std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first ==
         folder.end();
}

std::string content_of(const fs::path& file) {
  std::ostringstream content;
  content << std::ifstream(file, std::ios::binary).rdbuf();
  return content.str();
}

}  // namespace

void StaticFileHandler::initialize(const std::string& folder) {
  folder_ = fs::canonical(folder);
}

void StaticFileHandler::get(const mini::PathArgs& args) {
  std::error_code error;
  const fs::path file = fs::weakly_canonical(folder_ / args[0], error);
  if (error || !is_inside(folder_, file) || !fs::exists(file)) throw mini::HTTPError(404);
  set_header("Content-Type", type_of(file));
  write(content_of(file));
}
