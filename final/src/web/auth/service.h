// Internal header. Requests to the services that log people in, and the checks of their responses.
#pragma once

#include <tornado/auth.h>
#include <tornado/httpclient.h>
#include <tornado/json.h>
#include <tornado/web.h>

#include <string>
#include <string_view>

namespace tornado::auth {

using httpclient::HTTPResponse;

// Returns "a=1&b=2", the encoding of forms and queries.
std::string form_encode(const Parameters& parameters);

// Makes a POST of a form. It follows no redirects, because its contents are for this service only.
httpclient::HTTPRequest form_request(std::string url, const Parameters& form);

// Fetches. Fails with AuthError if no response comes (502, or 504 after a timeout), or if its
// status is not a success (502).
Future<HTTPResponse> ask_service(httpclient::AsyncHTTPClient client,
                                 httpclient::HTTPRequest request);

// Parses the JSON of a response. Throws AuthError (502) if it is not JSON.
json json_of(const HTTPResponse& response);

// Returns the service's words, or what came in their place, as one line for a log.
std::string printable(std::string_view text);

// Returns the text with this name, or null. Valid as long as `object`.
const std::string* text_at(const json& object, const char* name);

// Makes an error for a response of the service, with the service's address before `message`.
AuthError service_error(const HTTPResponse& response, std::string_view message);

// The attributes of cookies that have to come back from the service: no script reads them, and
// other sites cause them to be sent only when they send the person along.
web::CookieOptions login_cookie(const httputil::HTTPServerRequest& request);

}  // namespace tornado::auth
