// Internal header. A client's request as text: checks, its head, and the request that follows a
// redirect. Pure functions.
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

// Fills each field that `request` leaves open from `defaults`. Adds a default header only if the
// request has none of that name.
void fill_defaults(httpclient::HTTPRequest& request, const httpclient::HTTPRequest& defaults);
// Gives the request the id of the request whose handler runs now, unless it has one; see
// HTTPRequest::pass_request_id.
void add_request_id(httpclient::HTTPRequest& request);

// Returns the same request or, if its host has an international name, one with that name in ASCII.
// Throws std::invalid_argument if the name is invalid.
std::shared_ptr<const httpclient::HTTPRequest> with_ascii_host(
    std::shared_ptr<const httpclient::HTTPRequest> request);

// Returns the credentials of a request: its own, else its URL's; nothing if neither has any.
struct Credentials {
  std::string username;
  std::string password;
};
std::optional<Credentials> credentials(const httpclient::HTTPRequest& request,
                                       const ClientUrl& url);

// Throws std::invalid_argument for a request that no client can send as it is.
void check_sendable(const httpclient::HTTPRequest& request);
// Also rejects options that the simple client does not support.
void check_request(const httpclient::HTTPRequest& request, const ClientUrl& url);

// How the end of a request's body is marked (RFC 9112 6.3).
enum class BodyCoding : std::uint8_t { kNone, kLength, kChunked };

struct BodyFraming {
  BodyCoding coding = BodyCoding::kNone;
  std::uint64_t length = 0;
};

BodyFraming body_framing(const httpclient::HTTPRequest& request);

// Whether the client writes a field of this name itself, in place of the one in request.headers.
bool is_clients_field(const httpclient::HTTPRequest& request, std::string_view name,
                      bool authenticated);

// Appends the request line and the fields, including the empty line, in Tornado's order. The
// request has passed check_request(). Without `keep_alive` it says "Connection: close".
BodyFraming append_request_head(std::string& out, const httpclient::HTTPRequest& request,
                                const ClientUrl& url, bool keep_alive);

// Whether the server may ask for part of the body before the body arrives (RFC 9110 10.1.1).
bool expects_continue(const httpclient::HTTPRequest& request);

// Whether sending the request twice has the same effect as sending it once (RFC 9110 9.2.2).
bool is_idempotent(std::string_view method);

// Returns the request that follows a response with `code` and `location`. Returns null if none
// does: it is not a redirect, redirects are not wanted, or the body cannot be sent again.
// Credentials go only to the host they were meant for (RFC 9110 15.4). The result's url may be one
// that cannot be fetched.
std::shared_ptr<httpclient::HTTPRequest> redirected(const httpclient::HTTPRequest& request,
                                                    const ClientUrl& url, int code,
                                                    std::string_view location);

// Whether `redirected` considers `code` at all.
bool is_redirect(int code);

}  // namespace tornado::http
