// CurlAsyncHTTPClient in a library built without libcurl: creating one fails.
#include <tornado/curl_httpclient.h>

#include <stdexcept>

namespace tornado::http {

class CurlCore final : public core::Counted {};

}  // namespace tornado::http

namespace tornado::curl_httpclient {

CurlAsyncHTTPClient::CurlAsyncHTTPClient(const httpclient::ClientOptions& /*options*/) {
  throw std::invalid_argument("this tornado was built without libcurl: no curl client");
}

CurlAsyncHTTPClient::~CurlAsyncHTTPClient() = default;

void CurlAsyncHTTPClient::fetch_impl(httpclient::Fetch /*fetch*/) {}

void CurlAsyncHTTPClient::close() {}

}  // namespace tornado::curl_httpclient
