// Internal header. One fetch of the simple client: its connections and attempts.
#pragma once

#include <tornado/httpclient.h>
#include <tornado/iostream.h>

#include <memory>
#include <optional>

#include "http/client/client_fetch.h"
#include "net/tcp/connect.h"

namespace tornado::http {

class ClientConnection;
class SimpleCore;
struct ExchangeFailure;

class SimpleFetch final : public ClientFetch {
 public:
  SimpleFetch(SimpleCore& core, httpclient::Fetch fetch);

  // ---- called by the connection, which passes exceptions, all of them the program's, to fail()
  using ClientFetch::take_content;
  using ClientFetch::take_head;
  void response_complete();
  void exchange_failed(const ExchangeFailure& failure);

 private:
  ~SimpleFetch() override;

  // ClientFetch.
  void check_request() override;
  void send(bool on_new_connection) override;
  void drop_exchange() override;
  void resume() override;

  SimpleCore& core() const noexcept;
  void connect();
  void connected(const Future<iostream::IOStream>& connecting);
  void use(ClientConnection& connection);

  ClientConnection* connection_ = nullptr;
  std::optional<Future<iostream::IOStream>> connecting_;
  std::shared_ptr<tcpclient::ConnectMoments> moments_;  // of connecting_
  bool retried_ = false;
};

}  // namespace tornado::http
