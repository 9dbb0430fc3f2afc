// Internal header. A client's request as text: what may be sent, its head, and what a redirect
// makes of it. Pure functions.
#pragma once

#include <tornado/httpclient.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/client/url.h"

namespace tornado::http {

// Sets each field that `request` leaves open and `defaults` has. Headers are added where the
// request has none of that name.
void fill_defaults(httpclient::HTTPRequest& request, const httpclient::HTTPRequest& defaults);

// The same request, or, if its host has an international name, one with that name in ASCII. Throws
// std::invalid_argument if it is none.
std::shared_ptr<const httpclient::HTTPRequest> with_ascii_host(
    std::shared_ptr<const httpclient::HTTPRequest> request);

// Whose request it is: what the request says, else its URL; nothing if neither does.
struct Credentials {
  std::string username;
  std::string password;
};
std::optional<Credentials> credentials(const httpclient::HTTPRequest& request,
                                       const ClientUrl& url);

// Throws std::invalid_argument for a request that no client may send as it is.
void check_sendable(const httpclient::HTTPRequest& request);
// The same, and for what the simple client does not know.
void check_request(const httpclient::HTTPRequest& request, const ClientUrl& url);

// How the end of a request's body is told (RFC 9112 6.3).
enum class BodyCoding : std::uint8_t { kNone, kLength, kChunked };

struct BodyFraming {
  BodyCoding coding = BodyCoding::kNone;
  std::uint64_t length = 0;
};

// Appends the request line and the fields, the empty line included, in Tornado's order. The request
// has passed check_request(). `keep_alive` off: "Connection: close".
BodyFraming append_request_head(std::string& out, const httpclient::HTTPRequest& request,
                                const ClientUrl& url, bool keep_alive);

// Whether the server may ask for a part of the body before it comes (RFC 9110 10.1.1).
bool expects_continue(const httpclient::HTTPRequest& request);

// Whether doing it twice is the same as once (RFC 9110 9.2.2).
bool is_idempotent(std::string_view method);

// What follows a response with `code` and `location`; null if nothing does: no redirect, not
// wanted, or its body cannot be sent again. Credentials go only to where they were meant for (RFC
// 9110 15.4). The result may have a url that cannot be fetched.
std::shared_ptr<httpclient::HTTPRequest> redirected(const httpclient::HTTPRequest& request,
                                                    const ClientUrl& url, int code,
                                                    std::string_view location);

// Whether `code` is one that `redirected` looks at.
bool is_redirect(int code);

}  // namespace tornado::http
