// Fetches the given URLs, one after the other, and prints the responses: `fetch --print_headers
// https://example.org/`. Works like `python -m tornado.httpclient`.
#include <tornado/httpclient.h>
#include <tornado/options.h>
#ifdef WITH_CURL
#include <tornado/curl_httpclient.h>
#endif

#include <cstdio>
#include <exception>
#include <optional>
#include <string>

using namespace tornado;

// Returns the response, even one with an error status.
httpclient::HTTPResponse fetch(httpclient::HTTPClient& client, const std::string& url) {
  httpclient::HTTPRequest request(url);
  request.follow_redirects = options::get<bool>("follow_redirects");
  request.validate_cert = options::get<bool>("validate_cert");
  const auto file = [](const char* option) -> std::optional<std::string> {
    auto name = options::get<std::string>(option);
    if (name.empty()) return std::nullopt;
    return name;
  };
  request.ca_certs = file("ca_certs");
  request.client_cert = file("client_cert");
  request.client_key = file("client_key");
  try {
    return client.fetch(request);
  } catch (const httpclient::HTTPError& error) {
    if (error.response == nullptr) throw;
    return *error.response;
  }
}

int main(int argc, char** argv) {
  options::define<bool>("print_headers", false, "print the response's header fields");
  options::define<bool>("print_body", true, "print the response's body");
  options::define<bool>("follow_redirects", true, "go where the server sends us");
  options::define<bool>("validate_cert", true, "check the server's certificate");
  options::define<std::string>("ca_certs", "", "the authorities to trust, instead of the system's");
  options::define<std::string>("client_cert", "", "our certificate, for servers that ask for one");
  options::define<std::string>("client_key", "", "its key, if that is in another file");
  options::define<bool>("curl", false, "let libcurl fetch");
  try {
    const auto urls = options::parse_command_line(argc, argv);
    if (options::get<bool>("curl")) httpclient::AsyncHTTPClient::configure("curl");
    httpclient::HTTPClient client;
    for (const std::string& url : urls) {
      const auto response = fetch(client, url);
      if (options::get<bool>("print_headers")) std::puts(response.headers.str().c_str());
      if (options::get<bool>("print_body")) std::puts(response.body.c_str());
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
