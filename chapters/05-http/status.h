// What every answer needs besides its body: the status in words, and the date.
#pragma once

#include <ctime>
#include <string>

namespace mini {

// "Not Found" for 404 (RFC 9110 15); "Unknown" for what is not in the list.
const char* reason_phrase(int status);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7).
std::string http_date(std::time_t time);

}  // namespace mini
