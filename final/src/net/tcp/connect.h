// Internal header: TCPClient::connect(), for those who want to know how long each step took.
#pragma once

#include <tornado/tcpclient.h>

#include <memory>
#include <string>

namespace tornado::tcpclient {

// When the steps were done, as IOLoop::time() counts; 0: not yet.
struct ConnectMoments {
  double resolved = 0;
  double connected = 0;
  double secured = 0;  // stays 0 without TLS
};

// See TCPClient::connect(). `moments` are filled in on the way.
Future<iostream::IOStream> connect(std::shared_ptr<netutil::Resolver> resolver, std::string host,
                                   int port, ConnectOptions options,
                                   std::shared_ptr<ConnectMoments> moments);

}  // namespace tornado::tcpclient
