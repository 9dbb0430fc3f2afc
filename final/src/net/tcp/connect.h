// Internal header: TCPClient::connect(), for callers who want to know how long each step took.
#pragma once

#include <tornado/tcpclient.h>

#include <memory>
#include <string>

namespace tornado::tcpclient {

// When each step was done, in the time of IOLoop::time(); 0 means not yet.
struct ConnectMoments {
  double resolved = 0;
  double connected = 0;
  double secured = 0;  // stays 0 without TLS
};

// See TCPClient::connect(). Fills in `moments` on the way.
Future<iostream::IOStream> connect(std::shared_ptr<netutil::Resolver> resolver, std::string host,
                                   int port, ConnectOptions options,
                                   std::shared_ptr<ConnectMoments> moments);

}  // namespace tornado::tcpclient
