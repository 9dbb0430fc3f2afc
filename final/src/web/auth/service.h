// Internal header. Requests to the services that log people in, and what is wrong with the answers.
#pragma once

#include <tornado/auth.h>
#include <tornado/httpclient.h>
#include <tornado/json.h>
#include <tornado/web.h>

#include <string>
#include <string_view>

namespace tornado::auth {

using httpclient::HTTPResponse;

// "a=1&b=2", as forms and queries are sent.
std::string form_encode(const Parameters& parameters);

// A POST of a form. It follows no redirects: what is in it is for this service only.
httpclient::HTTPRequest form_request(std::string url, const Parameters& form);

// Fetches. Fails with AuthError if there is no answer (502, or 504 after a timeout), or one that is
// not of success (502).
Future<HTTPResponse> ask_service(httpclient::AsyncHTTPClient client,
                                 httpclient::HTTPRequest request);

// The JSON of an answer. Throws AuthError (502) if it is none.
json json_of(const HTTPResponse& response);

// The text with this name, or null. Valid as long as `object`.
const std::string* text_at(const json& object, const char* name);

// An error of the service that answered, with its address in front of `message`.
AuthError service_error(const HTTPResponse& response, std::string_view message);

// What cookies that have to come back from the service are set with: no script reads them, and
// other sites send them only when they send the person too.
web::CookieOptions login_cookie(const httputil::HTTPServerRequest& request);

}  // namespace tornado::auth
