#include <idn2.h>

#include "http/client/idna_label.h"

namespace tornado::http {

std::string to_ascii_name(std::string& name) {
  // The library would take it for the end.
  if (name.find('\0') != std::string::npos) return "a NUL";
  char* ascii = nullptr;
  const int status =
      ::idn2_to_ascii_8z(name.c_str(), &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  if (status != IDN2_OK) return ::idn2_strerror(status);
  name = ascii;
  ::idn2_free(ascii);
  return {};
}

}  // namespace tornado::http
