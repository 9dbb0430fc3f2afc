// A foreign program that fetches a URL: with the simple client or, WITH_CURL, with libcurl's.
#include <tornado/httpclient.h>
#ifdef WITH_CURL
#include <tornado/curl_httpclient.h>
#endif

#include <cstdio>

using namespace tornado;

int main(int, char** argv) {
#ifdef WITH_CURL
  httpclient::AsyncHTTPClient::configure("curl");
#endif
  httpclient::HTTPClient client;
  std::printf("%s\n", client.fetch(argv[1]).body.c_str());
}
