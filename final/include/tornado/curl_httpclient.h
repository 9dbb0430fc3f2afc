// Public header: an HTTP client on libcurl, for what the simple client cannot do: proxies and
// digest authentication. Mirrors tornado.curl_httpclient.
#pragma once

#include <tornado/core/pointers.h>
#include <tornado/httpclient.h>

#include <memory>
#include <string>

namespace tornado::http {
class CurlCore;
}

namespace tornado::curl_httpclient {

// libcurl ended a transfer. Code 599; what() is "HTTP 599: " and libcurl's words. (CurlError)
class CurlError : public httpclient::HTTPClientError {
 public:
  CurlError(int error_code, std::string error_message);

  int curl_code;  // a CURLcode; Tornado's name for it, errno, is a macro in C++
};

// What AsyncHTTPClient is made of after one of
//
//   AsyncHTTPClient::configure("curl");
//   AsyncHTTPClient::configure("tornado.curl_httpclient.CurlAsyncHTTPClient");
//   AsyncHTTPClient::configure(curl_httpclient::CurlAsyncHTTPClient::make);
//
// libcurl's multi interface, driven by the loop: no thread of it runs your code, and none of its
// callbacks does, so that your callbacks may fetch, cancel and close. Redirects, credentials,
// bodies, limits, timeouts and the decoding of gzip are as with the simple client. What differs:
//
// * proxy_*, auth_mode "digest" and prepare_curl_callback work. Without a proxy_host no proxy is
//   used, whatever the environment says.
// * prepare_curl_callback cannot set the functions that the client itself needs: those for headers
//   and bodies, CURLOPT_PREREQFUNCTION, CURLOPT_SOCKOPTFUNCTION, CURLOPT_CLOSESOCKETFUNCTION.
// * ssl_options is refused (std::invalid_argument), as in Tornado: use validate_cert, ca_certs,
//   client_cert and client_key. So is ClientOptions::resolver: libcurl resolves names itself, in
//   threads of its own, so that the loop does not wait. hostname_mapping works, but for entries
//   with a family.
// * network_interface may also be the name of one ("eth0").
// * The User-Agent is "Mozilla/5.0 (compatible; pycurl)" unless set, and "Accept: */*" is sent.
// * A transfer that fails ends in a CurlError; one that takes too long in an HTTPTimeoutError.
// * A server that answers "Expect: 100-continue" with 417 is asked again without it.
// * Connections are libcurl's to keep: max_idle_connections counts those in use as well,
//   max_idle_connections_per_origin is not looked at, and an idle connection is closed at the first
//   fetch after its idle_timeout. So are TLS sessions, which the next connection to a host resumes
//   if its request has the same validate_cert, ca_certs and client_cert.
//
// Each request gets a handle of its own: nothing that a request or its prepare_curl_callback has
// set is there for the next one. HTTP/1.1 is spoken; http and https are the only schemes.
class CurlAsyncHTTPClient final : public httpclient::Implementation {
 public:
  // For the current loop. Throws std::invalid_argument for options that it cannot keep to, and if
  // this library was built without libcurl; std::runtime_error if libcurl does not start.
  explicit CurlAsyncHTTPClient(const httpclient::ClientOptions& options);
  ~CurlAsyncHTTPClient() override;

  // For AsyncHTTPClient::configure().
  static std::unique_ptr<httpclient::Implementation> make(const httpclient::ClientOptions& options);

  void fetch_impl(httpclient::Fetch fetch) override;
  void close() override;

 private:
  core::Ref<http::CurlCore> core_;
};

}  // namespace tornado::curl_httpclient
