// Serves the files of a folder.
#pragma once

#include <filesystem>
#include <string>

#include "06-request-handler/request_handler.h"

// For a route with one group, "/static/(.*)": the group is the file's name in the folder. Anything
// that is not a file in the folder or below it gets a 404, whether or not it exists elsewhere. A
// symbolic link counts as what it leads to.
class StaticFileHandler : public mini::RequestHandler {
 public:
  // The folder must exist.
  void initialize(const std::string& folder);
  void get(const mini::PathArgs& args) override;

 private:
  std::filesystem::path folder_;
};
