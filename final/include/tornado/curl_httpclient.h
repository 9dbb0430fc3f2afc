// Public header: an HTTP client on libcurl, which adds features that the simple client lacks:
// proxies and digest authentication. Mirrors tornado.curl_httpclient. The component `curl`: link
// tornado::curl.
#pragma once

#include <tornado/core/pointers.h>
#include <tornado/httpclient.h>

#include <memory>
#include <string>

namespace tornado::http {
class CurlCore;
}

namespace tornado::curl_httpclient {

// libcurl ended a transfer. Code 599; what() is "HTTP 599: " and libcurl's message. (CurlError)
class CurlError : public httpclient::HTTPClientError {
 public:
  CurlError(int error_code, std::string error_message);

  int curl_code;  // a CURLcode; Tornado's name for it, errno, is a macro in C++
};

// The implementation that AsyncHTTPClient uses after one of
//
//   AsyncHTTPClient::configure("curl");
//   AsyncHTTPClient::configure("tornado.curl_httpclient.CurlAsyncHTTPClient");
//   AsyncHTTPClient::configure(curl_httpclient::CurlAsyncHTTPClient::make);
//
// A program that includes this header knows the two names.
//
// It uses libcurl's multi interface, driven by the loop. None of libcurl's threads or callbacks
// runs your code, so your callbacks may fetch, cancel and close. Redirects, credentials, bodies,
// limits, timeouts and the decoding of gzip work as in the simple client. The differences:
//
// * proxy_*, auth_mode "digest" and prepare_curl_callback work. Without a proxy_host no proxy is
//   used, even if the environment names one.
// * prepare_curl_callback cannot set the functions that the client itself needs: those for headers
//   and bodies, CURLOPT_PREREQFUNCTION, CURLOPT_SOCKOPTFUNCTION, CURLOPT_CLOSESOCKETFUNCTION.
// * ssl_options is rejected (std::invalid_argument), as in Tornado: use validate_cert, ca_certs,
//   client_cert and client_key. ClientOptions::resolver is rejected too: libcurl resolves names
//   itself, in its own threads, so the loop does not block. hostname_mapping works, except for
//   entries with a family.
// * network_interface may also be the name of an interface ("eth0").
// * The User-Agent is "Mozilla/5.0 (compatible; pycurl)" unless set, and "Accept: */*" is sent.
// * A transfer that fails ends in a CurlError; one that takes too long in an HTTPTimeoutError.
// * If a server rejects "Expect: 100-continue" with 417, the request is sent again without it.
// * libcurl manages the connections. max_idle_connections also counts those in use,
//   max_idle_connections_per_origin is ignored, and an idle connection is closed at the first
//   fetch after its idle_timeout. libcurl also keeps TLS sessions: the next connection to a host
//   resumes one if its request has the same validate_cert, ca_certs and client_cert.
//
// Each request gets its own curl handle, so nothing that a request or its prepare_curl_callback has
// set affects the next one. Speaks HTTP/1.1 only, and accepts only http and https URLs.
class CurlAsyncHTTPClient final : public httpclient::Implementation {
 public:
  // Makes an implementation for the current loop. Throws std::invalid_argument for options that it
  // does not support, std::runtime_error if libcurl cannot be initialized.
  explicit CurlAsyncHTTPClient(const httpclient::ClientOptions& options);
  ~CurlAsyncHTTPClient() override;

  // For AsyncHTTPClient::configure().
  static std::unique_ptr<httpclient::Implementation> make(const httpclient::ClientOptions& options);

  void fetch_impl(httpclient::Fetch fetch) override;
  void close() override;

 private:
  core::Ref<http::CurlCore> core_;
};

namespace detail {
// Makes the names known to AsyncHTTPClient::configure(). Returns true.
bool add_names();
inline const bool names_added = add_names();
}  // namespace detail

}  // namespace tornado::curl_httpclient
