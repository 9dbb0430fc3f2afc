// Serves the files of a folder.
#pragma once

#include <filesystem>
#include <string>

#include "06-request-handler/request_handler.h"

// For a route with one group, "/static/(.*)": the group is the file's name in the folder. What is
// no file in the folder, or below it, is 404, whether it exists elsewhere or not.
class StaticFileHandler : public mini::RequestHandler {
 public:
  // The folder must exist.
  void initialize(const std::string& folder);
  void get(const mini::PathArgs& args) override;

 private:
  std::filesystem::path folder_;
};
