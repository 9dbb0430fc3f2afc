// CurlError, and the rest of tornado/curl_httpclient.h that does not need libcurl.
#include <tornado/curl_httpclient.h>

namespace tornado::curl_httpclient {
namespace {

constexpr int kNoResponse = 599;

}  // namespace

CurlError::CurlError(int error_code, std::string error_message)
    : HTTPClientError(kNoResponse, std::move(error_message)), curl_code(error_code) {}

std::unique_ptr<httpclient::Implementation> CurlAsyncHTTPClient::make(
    const httpclient::ClientOptions& options) {
  return std::make_unique<CurlAsyncHTTPClient>(options);
}

}  // namespace tornado::curl_httpclient
