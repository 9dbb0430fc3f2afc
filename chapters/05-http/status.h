// What every response needs besides its body: a reason phrase and the date.
#pragma once

#include <ctime>
#include <string>

namespace mini {

// Returns "Not Found" for 404 (RFC 9110 15), and "Unknown" for a status that is not in the list.
const char* reason_phrase(int status);

// Returns the time as "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7).
std::string http_date(std::time_t time);

}  // namespace mini
