// Internal header. A client's request as options of a libcurl handle.
#pragma once

#include <cstdint>

#include "http/client/url.h"
#include "http/curl/handle.h"

namespace tornado::http {

// Throws std::invalid_argument for a request that libcurl cannot send as intended.
void check_curl_request(const httpclient::HTTPRequest& request, const ClientUrl& url);

// Sets the options that `request` asks for. The handle then points into `request` (its body) and
// `headers`. Throws CurlError if libcurl was built without a feature that the request needs.
void apply_request(CURL* easy, const httpclient::HTTPRequest& request, const ClientUrl& url,
                   const httpclient::ClientOptions& options, CurlLines& headers);

// Converts ClientOptions::hostname_mapping for CURLOPT_CONNECT_TO. Throws std::invalid_argument for
// an entry with an address family.
void append_connect_to(CurlLines& lines, const httpclient::ClientOptions& options);

// Whether libcurl may react to a response with `code` by sending another request itself: digest
// authentication.
bool may_ask_again(const httpclient::HTTPRequest& request, int code);

}  // namespace tornado::http
