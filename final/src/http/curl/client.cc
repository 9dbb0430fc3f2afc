// CurlAsyncHTTPClient: the public face of the curl client.
#include <tornado/curl_httpclient.h>

#include "http/client/defaults.h"
#include "http/curl/core.h"

namespace tornado::curl_httpclient {

CurlError::CurlError(int error_code, std::string error_message)
    : HTTPClientError(http::kNoResponse, std::move(error_message)), curl_code(error_code) {}

CurlAsyncHTTPClient::CurlAsyncHTTPClient(const httpclient::ClientOptions& options)
    : core_(new http::CurlCore(options)) {}

CurlAsyncHTTPClient::~CurlAsyncHTTPClient() = default;

void CurlAsyncHTTPClient::fetch_impl(httpclient::Fetch fetch) {
  core_->add(core::Ref<http::ClientFetch>(new http::CurlFetch(*core_, std::move(fetch))));
}

void CurlAsyncHTTPClient::close() {
  core_->close();
}

std::unique_ptr<httpclient::Implementation> CurlAsyncHTTPClient::make(
    const httpclient::ClientOptions& options) {
  return std::make_unique<CurlAsyncHTTPClient>(options);
}

bool detail::add_names() {
  for (const char* name : {"curl", "tornado.curl_httpclient.CurlAsyncHTTPClient"}) {
    httpclient::AsyncHTTPClient::add_implementation(name, CurlAsyncHTTPClient::make);
  }
  return true;
}

}  // namespace tornado::curl_httpclient
