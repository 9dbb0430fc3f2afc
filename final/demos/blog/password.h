// Internal header. Passwords in their stored form: salted, and slow to guess.
#pragma once

#include <string>

namespace blog {

// Returns "scrypt$SALT$HASH" of a password (RFC 7914), with a random salt. Takes about 0.2 s of a
// processor and 16 MiB: call it in a thread.
std::string hash_password(const std::string& password);
// Returns whether `stored` was made from this password. Takes as long.
bool is_password(const std::string& password, const std::string& stored);

// Matches no password, but takes as long to check.
inline const std::string kNobodysPassword = "scrypt$";

// Returns 32 random digits, for ids.
std::string random_id();

}  // namespace blog
