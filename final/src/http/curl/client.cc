// CurlAsyncHTTPClient: the public face of the curl client.
#include <tornado/curl_httpclient.h>

#include "http/curl/core.h"

namespace tornado::curl_httpclient {

CurlAsyncHTTPClient::CurlAsyncHTTPClient(const httpclient::ClientOptions& options)
    : core_(new http::CurlCore(options)) {}

CurlAsyncHTTPClient::~CurlAsyncHTTPClient() = default;

void CurlAsyncHTTPClient::fetch_impl(httpclient::Fetch fetch) {
  core_->add(core::Ref<http::ClientFetch>(new http::CurlFetch(*core_, std::move(fetch))));
}

void CurlAsyncHTTPClient::close() {
  core_->close();
}

}  // namespace tornado::curl_httpclient
