#include "http/client/idna_label.h"

namespace tornado::http {

std::string to_ascii_name(std::string& /*name*/) {
  return "this library was built without libidn2";
}

}  // namespace tornado::http
