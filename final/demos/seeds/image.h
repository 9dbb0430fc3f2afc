// Internal header: the file that the two image programs send.
#pragma once

#include <string>

namespace seeds {

// Returns the file `name` from the folder "static" in the current directory; empty if it does not
// exist. The seeds append whatever the client sends to the folder's path, "../" included; here a
// name with a slash does not exist.
std::string read_image(const std::string& name);

}  // namespace seeds
