// Internal header: the file that the two image programs answer with.
#pragma once

#include <string>

namespace seeds {

// The file `name` of the folder "static" beside which the program runs; empty if it is not there.
// The seeds join whatever the client sends to the folder's path, "../" included; a name with a
// slash is not there for us.
std::string read_image(const std::string& name);

}  // namespace seeds
