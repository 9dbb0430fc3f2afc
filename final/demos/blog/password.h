// Internal header. Passwords as they are stored: salted, and slow to guess.
#pragma once

#include <string>

namespace blog {

// "scrypt$SALT$HASH" of a password (RFC 7914), with a random salt. Takes some 0.2 s of a processor
// and 16 MiB: call it in a thread.
std::string hash_password(const std::string& password);
// Whether `stored` was made of this password. Takes as long.
bool is_password(const std::string& password, const std::string& stored);

// What no password made, and what takes as long to find out.
inline const std::string kNobodysPassword = "scrypt$";

// 32 random digits, for ids.
std::string random_id();

}  // namespace blog
